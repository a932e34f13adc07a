import { setMaxListeners } from 'node:events'
import { DockerClient } from '../discovery/docker/client.ts'
import { createDockerProvider } from '../discovery/docker/provider.ts'
import type { DockerProvider } from '../discovery/docker/provider.ts'
import type { Environment } from '../consul/address.ts'
import { FairleadError, messageOf } from '../model/errors.ts'
import { markedBy } from '../registration/foreign.ts'
import { Registrar } from '../registration/registrar.ts'
import type { RegistrarEvent } from '../registration/registrar-events.ts'
import { systemClock } from '../support/clock.ts'
import { printable } from '../support/printable.ts'
import { version } from '../version.ts'
import { openBackend } from './backend.ts'
import type { OpenedBackend } from './backend.ts'
import { danglingByName } from './cleanup.ts'
import { ContainerFeed } from './container-feed.ts'
import { createMapping } from './create-mapping.ts'
import { dockerHost } from './docker-host.ts'
import { flagsFault, parseCommandLine } from './flags.ts'
import type { RegistratorFlags } from './flags.ts'
import { linesOfEvent, shortId, stamped } from './log-lines.ts'
import { interfaceAddress, mappingOptions, registrationOptions } from './options.ts'
import { watchPresence } from './presence.ts'
import { tagTemplate } from './tags.ts'

const clock = systemClock

/** All that it asks of the world around it. */
export type RegistratorContext = {
  readonly argv: readonly string[]
  /** What it was called as, for its usage. */
  readonly program: string
  readonly environment: Environment
  readonly hostname: string
  out(text: string): void
  err(text: string): void
  /** Ends it. */
  readonly signal: AbortSignal
}

type Log = (line: string) => void

/**
 * Does what gliderlabs' Registrator does, with its command line, its log lines on standard error
 * and its exit codes: 0 after `-h`, `--version` and a signal, 1 when it cannot start, 2 for wrong
 * use. Services stay registered when it ends.
 */
export async function runRegistrator(context: RegistratorContext): Promise<number> {
  const { argv, program } = context
  if (argv.length === 1 && argv[0] === '--version') {
    context.out(`v${version}\n`)
    return 0
  }
  const log: Log = (line) => context.err(stamped(printable(line), new Date()))
  log(`Starting registrator v${version} ...`)
  const commandLine = parseCommandLine(argv, program)
  if (commandLine.kind === 'end') {
    context.err(commandLine.message)
    return commandLine.exitCode
  }
  try {
    await serve(commandLine.flags, commandLine.uri, log, context)
    return 0
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error
    log(error.hint === '' ? messageOf(error) : `${messageOf(error)} (${error.hint})`)
    return 1
  }
}

/** Runs until the signal aborts. Throws FairleadErrors of the start, and of `-tags`. */
async function serve(
  flags: RegistratorFlags,
  uri: string,
  log: Log,
  { environment, hostname, signal }: RegistratorContext,
): Promise<void> {
  const ip = hostIp(flags)
  if (ip !== '') log(`Forcing host IP to ${ip}`)
  const fault = flagsFault(flags)
  if (fault !== '') throw new FairleadError('usage', fault)
  const host = dockerHost(environment)
  const client = new DockerClient(host)
  const template = await tagTemplate(flags.tags)
  const opened = openBackend(uri, environment)
  log(`Using ${opened.scheme} adapter: ${uri}`)
  const ending = new Ending(signal)
  const map = createMapping({
    options: mappingOptions(flags, hostname, ip),
    template,
    isBadTemplateSkipped: flags['skip-bad-tags'],
    clock,
    onFatal: (error) => ending.fail(error),
  })
  try {
    await connect(opened, flags, log, ending.signal)
    // Docker's list has to work once at the start; after that a lost daemon is waited for.
    if (!ending.signal.aborted) await client.listContainers(ending.signal)
    const provider = createDockerProvider({ host, ...asIs, map })
    await run({ flags, hostname, log, opened, provider, client, signal: ending.signal })
  } catch (error) {
    ending.fail(error)
  } finally {
    opened.backend.close()
    client.close()
  }
  ending.throwIfFailed()
}

/** Settings of the provider that another mapping has no use for. */
const asIs = { network: undefined, usePublished: false, publishedAddress: undefined }

/** The end of a run: by the signal from outside, or by the first failure. */
class Ending {
  readonly #stop = new AbortController()
  #failure: unknown

  constructor(outer: AbortSignal) {
    setMaxListeners(0, this.#stop.signal)
    if (outer.aborted) this.#stop.abort()
    outer.addEventListener('abort', () => this.#stop.abort(), { once: true })
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** What fails because of the end is no failure. */
  fail(error: unknown): void {
    if (this.#stop.signal.aborted) return
    this.#failure = error
    this.#stop.abort()
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}

/** Throws when the interface has no address. */
function hostIp(flags: RegistratorFlags): string {
  const name = flags['ip-interface']
  if (name === '') return flags.ip
  const address = interfaceAddress(name, flags.ipv6)
  if (address === '') throw new FairleadError('usage', `-ip-interface: ${name} has no address`)
  return address
}

/** Asks the registry until it answers, as often as the flags say; below -1 never. */
async function connect(
  { backend, scheme }: OpenedBackend,
  flags: RegistratorFlags,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const given = flags['retry-attempts']
  const most = given === -1 ? Number.POSITIVE_INFINITY : given
  const adapter = scheme.startsWith('consulkv') ? 'consulkv' : 'consul'
  for (let attempt = 0; attempt <= most; attempt += 1) {
    log(`Connecting to backend (${attempt}/${given})`)
    try {
      // Two spaces, as Registrator writes it.
      log(`${adapter}: current leader  ${await backend.ping(signal)}`)
      return
    } catch (error) {
      if (signal.aborted) return
      if (attempt === most) throw error
    }
    await clock.sleep(flags['retry-interval'], signal)
    if (signal.aborted) return
  }
}

type Running = {
  readonly flags: RegistratorFlags
  readonly hostname: string
  readonly log: Log
  readonly opened: OpenedBackend
  readonly provider: DockerProvider
  readonly client: DockerClient
  readonly signal: AbortSignal
}

async function run(running: Running): Promise<void> {
  const { flags, log, opened, provider, client, signal } = running
  const registered = new Map<string, string>()
  const registrar = createRegistrar(running, (event) => {
    remember(event, registered)
    for (const line of linesOf(event, opened, isCleaning(flags))) log(line)
  })
  const needsExits = flags.deregister === 'on-success'
  const feed = new ContainerFeed({ client, log, needsExits })
  log('Listening for Docker events ...')
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

function createRegistrar(
  { flags, hostname, log, opened, provider }: Running,
  onEvent: (event: RegistrarEvent) => void,
): Registrar {
  return new Registrar({
    backend: opened.backend,
    clock,
    sources: [provider.source],
    registration: registrationOptions(flags),
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
          const owners = new Set(provider.nodeName === undefined ? [] : [provider.nodeName])
          const byMark = flags['cleanup-by-id'] ? markedBy(owners)(unwanted) : []
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
