import { setMaxListeners } from 'node:events'
import { DockerClient } from '../discovery/docker/client.ts'
import { createDockerProvider } from '../discovery/docker/provider.ts'
import type { Environment } from '../consul/address.ts'
import { FairleadError, messageOf } from '../model/errors.ts'
import { systemClock as clock } from '../support/clock.ts'
import { printable } from '../support/printable.ts'
import { version } from '../version.ts'
import { openBackend, shownUri } from './backend.ts'
import type { OpenedBackend } from './backend.ts'
import { createMapping, needsHostAddress } from './create-mapping.ts'
import { dockerHost } from './docker-host.ts'
import { flagsFault, parseCommandLine } from './flags.ts'
import type { RegistratorFlags } from './flags.ts'
import { HostAddress } from './host-address.ts'
import { keepRegistered } from './keep-registered.ts'
import { dockerReports, stamped } from './log-lines.ts'
import type { Log } from './log-lines.ts'
import { interfaceAddress, mappingOptions } from './options.ts'
import { tagTemplate } from './tags.ts'

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
  log(`Using ${opened.scheme} adapter: ${shownUri(uri)}`)
  const ending = new Ending(signal)
  const options = mappingOptions(flags, hostname, ip)
  const hostAddress = new HostAddress(hostname, flags.ipv6, clock)
  if (needsHostAddress(options)) await warnOfAddress(hostname, hostAddress, log)
  const map = createMapping({
    options,
    template,
    hostAddress,
    isBadTemplateSkipped: flags['skip-bad-tags'],
    onFatal: (error) => ending.fail(error),
  })
  try {
    await connect(opened, flags, log, ending.signal)
    if (!ending.signal.aborted) log('Listening for Docker events ...')
    // Docker's list has to work once at the start; after that a lost daemon is waited for.
    if (!ending.signal.aborted) await client.listContainers(ending.signal)
    const provider = createDockerProvider({ host, ...asIs, map, ...dockerReports(log) })
    await keepRegistered({ flags, hostname, log, opened, provider, client, signal: ending.signal })
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

/** Many a host's own name leads to its loopback: then no other host reaches what is registered. */
async function warnOfAddress(hostname: string, hostAddress: HostAddress, log: Log): Promise<void> {
  const address = await hostAddress.get()
  if (address !== '' && !/^(127\.|::1$)/.test(address)) return
  const what = address === '' ? 'does not resolve' : `resolves to ${address} of this host alone`
  log(`${hostname} ${what}: set -ip or -ip-interface`)
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
