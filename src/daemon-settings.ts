import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isAtLeast } from './haproxy/capabilities.ts'
import type { RoutingSettings } from './routing/contract.ts'
import type { Settings } from './settings/settings.ts'

/** Where the instance keeps what; all in its state folder. */
export type Paths = {
  readonly lock: string
  readonly snapshot: string
  readonly kept: string
  /** Folder of the generations, and the file of the pinned one. */
  readonly history: string
  readonly pin: string
  readonly adminSocket: string
  readonly config: string
  readonly maps: string
  readonly workerSocket: string
  readonly masterSocket: string
  readonly log: string
  readonly record: string
  /** Which files are kept from before the newest text, until that has proved itself. */
  readonly probation: string
  /** The same of a HAProxy that somebody else started. */
  readonly attachedRecord: string
  readonly chroot: string
}

export function pathsOf(stateFolder: string): Paths {
  return {
    lock: join(stateFolder, 'lock'),
    snapshot: join(stateFolder, 'registry.snapshot'),
    kept: join(stateFolder, 'kept.json'),
    history: join(stateFolder, 'history'),
    pin: join(stateFolder, 'pinned.json'),
    adminSocket: join(stateFolder, 'admin.sock'),
    config: join(stateFolder, 'haproxy.cfg'),
    maps: join(stateFolder, 'maps'),
    workerSocket: join(stateFolder, 'haproxy.sock'),
    masterSocket: join(stateFolder, 'master.sock'),
    log: join(stateFolder, 'haproxy.log'),
    record: join(stateFolder, 'running.json'),
    probation: join(stateFolder, 'probation.json'),
    attachedRecord: join(stateFolder, 'attached.json'),
    chroot: join(stateFolder, 'chroot'),
  }
}

/** The same, with what HAProxy reads and listens on beside the socket of one that somebody else started. */
export function instancePaths(settings: Settings): Paths {
  const { stateFolder, haproxySocket, haproxyConfig } = settings
  const paths = pathsOf(stateFolder)
  if (haproxySocket === undefined) return paths
  const config = haproxyConfig ?? join(dirname(haproxySocket), 'haproxy.cfg')
  const shared = dirname(config)
  return {
    ...paths,
    config,
    maps: join(shared, 'maps'),
    workerSocket: join(shared, 'fairlead.sock'),
    masterSocket: haproxySocket,
  }
}

/**
 * What routing needs of the settings, and of HAProxy's version; `isRoot` decides whether its workers
 * change user.
 */
export function routingSettings(
  settings: Settings,
  paths: Paths,
  isRoot: boolean,
  haproxyVersion: string,
): RoutingSettings {
  // Whether somebody else's HAProxy may change its user, and to which, is not known here.
  const changesUser = isRoot && settings.haproxySocket === undefined
  return {
    routeMode: settings.route,
    domain: settings.domain,
    defaultService: settings.defaultService,
    goneServiceMs: settings.goneServiceMs,
    http: settings.http,
    trustedProxies: settings.trustedProxies,
    accessLog: settings.accessLog !== 'off',
    connectionName: connectionNameOf(haproxyVersion),
    maxConnections: settings.maxConnections,
    mostOldWorkers: settings.mostOldWorkers,
    timeouts: {
      connectMs: settings.connectTimeoutMs,
      clientMs: settings.clientTimeoutMs,
      serverMs: settings.serverTimeoutMs,
      requestMs: settings.requestTimeoutMs,
      keepAliveMs: settings.keepAliveTimeoutMs,
      tunnelMs: settings.tunnelTimeoutMs,
      hardStopMs: settings.hardStopMs,
    },
    paths: {
      maps: paths.maps,
      socket: paths.workerSocket,
      chroot: changesUser ? paths.chroot : undefined,
    },
    runAs: changesUser ? workerUser(settings) : undefined,
  }
}

export function connectionNameOf(haproxyVersion: string): RoutingSettings['connectionName'] {
  return isAtLeast(haproxyVersion, 3, 0) ? 'pool-conn-name' : 'sni'
}

/** The wanted user and group where the machine has them, else the one that owns nothing. */
function workerUser(settings: Settings): { readonly user: string; readonly group: string } {
  const hasUser = isListed('/etc/passwd', settings.user)
  const hasGroup = isListed('/etc/group', settings.group)
  if (hasUser && hasGroup) return { user: settings.user, group: settings.group }
  return { user: 'nobody', group: isListed('/etc/group', 'nogroup') ? 'nogroup' : 'nobody' }
}

function isListed(file: string, name: string): boolean {
  return (
    existsSync(file) &&
    readFileSync(file, 'utf8')
      .split('\n')
      .some((line) => line.startsWith(`${name}:`))
  )
}
