/** Signals that this process gets, told to whoever listens. */
export type SignalSource = {
  /** The returned function ends it. */
  listen(listener: (name: NodeJS.Signals) => void): () => void
}

/**
 * All that a user sends on purpose. SIGCHLD, SIGPIPE and SIGURG are about this process's own
 * children and sockets.
 */
const heard: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
  'SIGWINCH',
]

/** Those of this process; while somebody listens, none of them ends it. */
export const processSignals: SignalSource = {
  listen(listener) {
    for (const name of heard) process.on(name, listener)
    return () => {
      for (const name of heard) process.off(name, listener)
    }
  },
}
