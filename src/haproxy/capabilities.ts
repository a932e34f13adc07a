/** What the running HAProxy can do without a reload, by its version. */
export type Capabilities = {
  /** `2.6.12`, as `haproxy -v` and `show info` say it. */
  readonly version: string
  /** Before 3.0 a server added at runtime has no idle-connection pool unless told so (`pool-max-conn -1`). */
  readonly needsExplicitPool: boolean
  /** `add server … cookie`: from 3.0. */
  readonly canAddServerCookie: boolean
  /**
   * Before 3.0 a server added to a backend with dynamic cookies has none, and HAProxy takes away the
   * cookies of its clients, until the backend's key is set once more.
   */
  readonly needsCookieKeyAgain: boolean
  /**
   * Before 3.0 connections that are in use while their server gets another address are kept for
   * later requests, which then go to the old one (configuration.txt §4.2, `http-reuse`).
   */
  readonly keepsOldConnections: boolean
  /**
   * Before 3.0 `del server` does not see requests that wait to be tried again at the server, and the
   * worker crashes when they are.
   */
  readonly forgetsRetries: boolean
  /** `wait … srv-removable`: from 3.0. */
  readonly canWaitRemovable: boolean
  /** `add backend`, `publish backend`: from 3.4. */
  readonly canAddBackend: boolean
  /** The master answers `reload` when it is done, with the log: from 3.0. Before, `show proc` is polled. */
  readonly hasSynchronousReload: boolean
}

export function capabilitiesOf(version: string): Capabilities {
  return {
    version,
    needsExplicitPool: !isAtLeast(version, 3, 0),
    canAddServerCookie: isAtLeast(version, 3, 0),
    needsCookieKeyAgain: !isAtLeast(version, 3, 0),
    keepsOldConnections: !isAtLeast(version, 3, 0),
    forgetsRetries: !isAtLeast(version, 3, 0),
    canWaitRemovable: isAtLeast(version, 3, 0),
    canAddBackend: isAtLeast(version, 3, 4),
    hasSynchronousReload: isAtLeast(version, 3, 0),
  }
}

/** Whether a version such as `2.6.12-1+deb12u4` is at least `major.minor`. */
export function isAtLeast(version: string, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}
