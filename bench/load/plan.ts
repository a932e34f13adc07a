/** One kind of request that the load generator keeps up. */
export type Stream = {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly service: string
  readonly perSecond: number
  /** Kept-alive connections; otherwise each request opens its own. */
  readonly isKeptAlive: boolean
}

/** What became of a stream's requests. Times in milliseconds. */
export type StreamResult = {
  readonly stream: Stream
  readonly sent: number
  readonly answered: number
  /** Connection errors, answers of 500 and more, and no answer for ten seconds. */
  readonly failed: number
  /**
   * Of those, sent on a kept-alive connection that the other side closed without a byte of an answer:
   * the two crossed. HTTP lets a client send such a request again (RFC 9110, 9.2.2).
   */
  readonly onClosing: number
  /** Answers of another service, or with a body that no web server of the bench writes. */
  readonly wrongBodies: number
  /** Requests that went out more than 50 ms after their time; they count in every other figure. */
  readonly late: number
  /** From the time a request was due to the end of its answer: median, p95, p99 and longest. */
  readonly latencyMs: { median: number; p95: number; p99: number; max: number }
}

export type Failure = { readonly atMs: number; readonly stream: string; readonly why: string }

export type LoadResult = {
  readonly seconds: number
  readonly streams: readonly StreamResult[]
  /** The first of them, for finding the reason. */
  readonly failures: readonly Failure[]
}

/** What the parent tells the generator. */
export type Order =
  | { readonly order: 'start'; readonly port: number; readonly streams: readonly Stream[] }
  | { readonly order: 'stop' }
