/** What one server of a running HAProxy looks like, from `show servers state` (management.txt §9.3). */
export type RunningServer = {
  readonly backend: string
  readonly name: string
  /** Without brackets; empty when HAProxy has none. */
  readonly address: string
  readonly port: number
  /** The administrative weight (srv_uweight), 0 to 256. */
  readonly weight: number
  readonly admin: 'ready' | 'drain' | 'maint'
  /** srv_op_state: HAProxy's own opinion, by its checks. */
  readonly operational: 'stopped' | 'starting' | 'running' | 'stopping'
}

/** What one backend of a running HAProxy is like, from `show stat`. */
export type RunningBackend = {
  /** Whether rules may choose it; from 3.4 on one may be there and not be chosen. */
  readonly isPublished: boolean
}

/**
 * A running HAProxy, as the apply stage needs it. The real one speaks over sockets, the in-memory
 * one interprets the same commands; both pass one contract suite.
 */
export type HaproxyControl = {
  /**
   * Runs commands on the current worker, in order, over a connection of their own (a connection
   * kept across a reload goes on talking to the old worker). One reply per command, without the
   * trailing blank lines; a refused command is a reply, not an error.
   * Throws HaproxyError `haproxy_unreachable` when no worker answers.
   */
  execute(commands: readonly string[]): Promise<readonly string[]>
  /** `haproxy -c` on a file. Throws ConfigRejectedError with HAProxy's own words, by line. */
  validate(configPath: string): Promise<void>
  /**
   * One hitless reload of the file HAProxy was started with, over the master socket; resolves when
   * a new worker answers. Throws HaproxyError `reload_failed`; then the old worker goes on.
   */
  reload(): Promise<void>
}
