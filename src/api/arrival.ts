/** How a request came in; the listener says so, never the request. */
export type Arrival =
  | { readonly kind: 'unix' }
  | {
      readonly kind: 'tcp'
      /** The connection's own local address: with a wildcard bind the one that was dialled. */
      readonly address: string
      readonly port: number
      /** The listener is bound to a loopback address, so that only this machine reaches it. */
      readonly isLoopbackListener: boolean
    }

export type ApiEnv = {
  Bindings: {
    readonly arrival: Arrival
    /**
     * Takes the limit of silence off the connection, for an answer that may be long in coming, until
     * what it returns is called.
     */
    readonly hold?: (() => () => void) | undefined
  }
}
