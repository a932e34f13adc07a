/** One kind of request that the load keeps up. */
export type Stream = {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly perSecond: number
  /** Kept-alive connections; otherwise each request opens its own. */
  readonly isKeptAlive: boolean
}

/** Where requests go. */
export type Target = {
  /**
   * HOST:PORT of the load balancers. A request goes to the one that answered last; where that cannot
   * be connected to, or ends the connection without a byte, a GET is sent to the next.
   */
  readonly addresses: readonly string[]
  /** The Host that is said, and with it the service that answers. */
  readonly host: string
  /** Silence for this long is no answer; ms. */
  readonly patienceMs: number
}

/** One request, from the first try to its end. Times in milliseconds, `sentMs` since the epoch. */
export type Sample = {
  readonly sentMs: number
  readonly tookMs: number
  readonly method: Stream['method']
  /** Who answered: the last word of the body. Empty: nobody. */
  readonly server: string
  /** What went wrong: a status, or the connection's error. Empty: answered with 200. */
  readonly failure: string
  /** Load balancers that were tried. */
  readonly tries: number
}

/** What the parent tells the generator. */
export type Order =
  | { readonly order: 'start'; readonly target: Target; readonly streams: readonly Stream[] }
  | { readonly order: 'stop' }
