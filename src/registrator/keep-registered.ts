import type { DockerClient } from '../discovery/docker/client.ts'
import type { DockerProvider } from '../discovery/docker/provider.ts'
import { messageOf } from '../model/errors.ts'
import type { RegistrationOptions } from '../registration/endpoint-to-registration.ts'
import { markedBy } from '../registration/foreign.ts'
import { registratorPrefix } from '../registration/owner-meta.ts'
import { Registrar } from '../registration/registrar.ts'
import type { RegistrarEvent } from '../registration/registrar-events.ts'
import { systemClock as clock } from '../support/clock.ts'
import type { OpenedBackend } from './backend.ts'
import { danglingByName } from './cleanup.ts'
import { ContainerFeed } from './container-feed.ts'
import type { RegistratorFlags } from './flags.ts'
import { linesOfEvent, shortId } from './log-lines.ts'
import type { Log } from './log-lines.ts'
import { registrationOptions } from './options.ts'
import { watchPresence } from './presence.ts'

/** All that runs once the registry and Docker have answered. */
export type Running = {
  readonly flags: RegistratorFlags
  readonly hostname: string
  readonly log: Log
  readonly opened: OpenedBackend
  readonly provider: DockerProvider
  readonly client: DockerClient
  readonly signal: AbortSignal
}

/** Keeps the registry in step with the containers until the signal aborts. */
export async function keepRegistered(running: Running): Promise<void> {
  const { flags, log, opened, provider, client, signal } = running
  const registered = new Map<string, string>()
  const registrar = createRegistrar(running, (event) => {
    remember(event, registered)
    for (const line of linesOf(event, opened, isCleaning(flags))) log(line)
  })
  const needsExits = flags.deregister === 'on-success'
  const registration = registrationOptionsOf(running)
  const feed = new ContainerFeed({ client, log, needsExits, registration })
  await Promise.all([
    registrar.run(signal),
    follow(provider, feed, registrar, signal),
    watchPresence({
      consul: opened.consul,
      clock,
      onReturn: () => void registrar.resync(),
      signal,
    }),
    resyncForEver(running, feed, registrar),
    every(flags['ttl-refresh'], signal, () => {
      for (const [id, key] of registered) log(`refreshed: ${shortId(key)} ${id}`)
    }),
  ])
}

function registrationOptionsOf({ flags, opened }: Running): RegistrationOptions {
  return registrationOptions(flags, opened.keyPrefix === undefined)
}

function createRegistrar(running: Running, onEvent: (event: RegistrarEvent) => void): Registrar {
  const { flags, hostname, log, opened, provider } = running
  return new Registrar({
    backend: opened.backend,
    clock,
    sources: [provider.source],
    registration: registrationOptionsOf(running),
    deregister: flags.deregister as 'always' | 'on-success' | 'never',
    deregisterOn: flags['deregister-on'] as 'die' | 'stop' | 'drain',
    isMaintenanceFollowed: false,
    cycleMs: 0,
    isForeignRespected: false,
    dangling: isCleaning(flags)
      ? (unwanted, wanted) => {
          log('Listing non-exited containers')
          log('Cleaning up dangling services')
          const remembered = wanted.map(({ registration, holder }) => ({
            name: registration.Name,
            container: holder.name,
          }))
          const byName = flags.cleanup ? danglingByName(unwanted, remembered, hostname) : []
          const owners = new Set([`${registratorPrefix}${provider.nodeName}`])
          const isByMark = flags['cleanup-by-id'] && provider.nodeName !== undefined
          const byMark = isByMark ? markedBy(owners)(unwanted) : []
          return [...new Set([...byName, ...byMark])]
        }
      : undefined,
    onEvent,
  })
}

/** Services that are registered, with the container they are of. */
function remember(event: RegistrarEvent, registered: Map<string, string>): void {
  if (event.kind === 'added' || event.kind === 'unchanged') {
    registered.set(event.registration.ID, event.holder.key)
  } else if (event.kind === 'removed' || event.kind === 'kept') registered.delete(event.id)
}

function isCleaning(flags: RegistratorFlags): boolean {
  return flags.cleanup || flags['cleanup-by-id']
}

function linesOf(
  event: RegistrarEvent,
  { keyPrefix }: OpenedBackend,
  isListNeeded: boolean,
): string[] {
  if (event.kind === 'list-refused' && !isListNeeded) {
    return [`services cannot be listed: ${event.error}`]
  }
  const lines = linesOfEvent(event)
  if (keyPrefix === undefined || (event.kind !== 'added' && event.kind !== 'refreshed'))
    return lines
  const { Name, ID } = event.registration
  return ['Register', `path: ${keyPrefix}/${Name}/${ID}`, ...lines]
}

async function follow(
  provider: DockerProvider,
  feed: ContainerFeed,
  registrar: Registrar,
  signal: AbortSignal,
): Promise<void> {
  for await (const observation of provider.observe(signal)) {
    registrar.accept(await feed.take(observation))
  }
}

/** `-resync`: containers are inspected anew, and the registry is repaired. */
async function resyncForEver(
  { flags, log, provider, signal }: Running,
  feed: ContainerFeed,
  registrar: Registrar,
): Promise<void> {
  await every(flags.resync, signal, async () => {
    if (provider.state().state !== 'connected') {
      return log('error listing containers, skipping sync')
    }
    log(`Syncing services on ${feed.count} containers`)
    feed.isQuiet = true
    try {
      await provider.relist()
    } catch (error) {
      if (!signal.aborted) log(`error listing containers, skipping sync: ${messageOf(error)}`)
      return
    } finally {
      // What was observed is read before the next turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve))
      feed.isQuiet = false
    }
    await registrar.resync()
  })
}

/** Does it every so many seconds, one after the other; 0: never. */
async function every(
  seconds: number,
  signal: AbortSignal,
  act: () => void | Promise<void>,
): Promise<void> {
  if (seconds <= 0) return
  for (;;) {
    await clock.sleep(seconds * 1000, signal)
    if (signal.aborted) return
    await act()
  }
}
