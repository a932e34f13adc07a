import type { ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import type { Docker } from '../../demo/docker.ts'
import { boot } from './boot.ts'
import { makeCgroups, memoryBytes, prefer, processesOfHost, setFrozen } from './cgroups.ts'
import { CommandFailed, must, type CommandOptions, type Result } from './command.ts'
import { ConsulDaemon, type ConsulRole } from './consul-daemon.ts'
import { DockerDaemon } from './docker-daemon.ts'
import { setCuts } from './faults.ts'
import { HostProcess, type LaunchOptions, type Machine } from './host-process.ts'
import { makeHostNetwork, removeHostNetwork, setCable } from './network.ts'
import { hostAddress, hostFolder, type Place } from './place.ts'

/**
 * One host of a lab: namespaces of its own for network, mounts, hostname and processes, with a PID 1,
 * on the switch of the lab; its Docker daemon, and its Consul agent where there is one. The file
 * system is the machine's, but for /run, /sys and /var/lib/docker.
 */
export class Host {
  /** 1, 2, 3 … */
  readonly number: number
  /** `host1`: its hostname, and its node's name in a swarm and in Consul. */
  readonly name: string
  readonly address: string
  readonly folder: string
  readonly dockerDaemon: DockerDaemon
  readonly consul: ConsulDaemon
  readonly #place: Place
  readonly #cuts = { everything: new Set<number>(), overlay: new Set<number>() }
  /** In the kernel, of the present boot. */
  #hasRules = false
  #machine: Machine | undefined
  #unshare: ChildProcess | undefined

  constructor(place: Place, number: number) {
    this.number = number
    this.name = `host${number}`
    this.address = hostAddress(place, number)
    this.folder = hostFolder(place, number)
    this.dockerDaemon = new DockerDaemon(place, number)
    this.consul = new ConsulDaemon(place, number)
    this.#place = place
  }

  /** Path of the daemon's socket, in the root namespace as on the host. */
  get dockerSocket(): string {
    return this.dockerDaemon.socket
  }

  /** `tcp://ADDRESS:2375`. */
  get dockerUrl(): string {
    return this.dockerDaemon.url
  }

  /** The few calls of Docker's API that the demo has, of this daemon. */
  get dockerApi(): Docker {
    return this.dockerDaemon.api
  }

  /** `ADDRESS:8500`. */
  get consulAddress(): string {
    return this.consul.address
  }

  get isOn(): boolean {
    return this.#machine !== undefined
  }

  /** What opens a shell on it, for somebody at a terminal. */
  get shellCommand(): string {
    return `nsenter -t ${this.#running().initPid} -m -u -n -p`
  }

  /** Runs the docker client on this host's daemon; its stdout without the last line's end. */
  async docker(...args: readonly string[]): Promise<string> {
    const env = { DOCKER_CONFIG: this.folder }
    const all = ['--host', `unix://${this.dockerSocket}`, ...args]
    return (await must('docker', all, { env })).trimEnd()
  }

  /** Runs a program here to its end; its stdout. Throws CommandFailed unless it ends with 0. */
  async run(
    program: string,
    args: readonly string[] = [],
    options: CommandOptions = {},
  ): Promise<string> {
    return this.#orThrow([program, ...args], await this.attempt(program, args, options))
  }

  /** Runs a program here to its end, whatever that is. */
  attempt(
    program: string,
    args: readonly string[] = [],
    options: CommandOptions = {},
  ): Promise<Result> {
    return this.spawn(program, args, options).result()
  }

  /** Starts a program here. Its Docker client talks to this host's daemon. */
  spawn(program: string, args: readonly string[] = [], options: LaunchOptions = {}): HostProcess {
    const env = {
      DOCKER_CONFIG: this.folder,
      DOCKER_HOST: `unix://${this.dockerSocket}`,
      ...options.env,
    }
    return new HostProcess(this.#running(), program, args, { ...options, env })
  }

  /** Runs a program of the host in a container's network; its stdout. Throws CommandFailed. */
  async inContainer(
    container: string,
    program: string,
    args: readonly string[] = [],
    options: CommandOptions = {},
  ): Promise<string> {
    const result = await this.attemptInContainer(container, program, args, options)
    return this.#orThrow([program, ...args], result)
  }

  /** Runs a program of the host in a container's network to its end, whatever that is. */
  async attemptInContainer(
    container: string,
    program: string,
    args: readonly string[] = [],
    options: CommandOptions = {},
  ): Promise<Result> {
    return (await this.spawnInContainer(container, program, args, options)).result()
  }

  /** Starts a program of the host in a container's network. */
  async spawnInContainer(
    container: string,
    program: string,
    args: readonly string[] = [],
    options: LaunchOptions = {},
  ): Promise<HostProcess> {
    const networkOf = await this.pidOf(container)
    return this.spawn(program, args, { ...options, networkOf })
  }

  /** Pid of a container's first process as the host sees it. */
  async pidOf(container: string): Promise<number> {
    const pid = Number(await this.docker('inspect', '--format', '{{.State.Pid}}', container))
    if (!(pid > 0)) throw new Error(`container ${container} of ${this.name} does not run`)
    return pid
  }

  /** With these flags of dockerd, those of the last time without; waits until its API answers. */
  startDocker(flags?: readonly string[]): Promise<void> {
    return this.dockerDaemon.start(this.#running(), flags)
  }

  /** kill -9 of the daemon; its containers live on. */
  async killDocker(): Promise<void> {
    await this.dockerDaemon.kill()
  }

  /** As the init system stops it. */
  async stopDocker(): Promise<void> {
    await this.dockerDaemon.stop()
  }

  /** Waits until this agent knows a leader. */
  async startConsul(role?: ConsulRole): Promise<void> {
    this.consul.start(this.#running(), role)
    await this.consul.untilReady()
  }

  /** kill -9. */
  async killConsul(): Promise<void> {
    await this.consul.kill()
  }

  /**
   * Starts a host that is off: first start or boot after `powerOff`. Its disk and address are as they
   * were; what was started by `startDocker` and `startConsul` starts again, its API waited for.
   */
  async powerOn(): Promise<void> {
    if (this.isOn) throw new Error(`${this.name} is on`)
    mkdirSync(this.folder, { recursive: true })
    if (this.#unshare === undefined) makeCgroups(this.#place, this.number)
    // A dead host's bridges and links are in the old namespace still.
    else await removeHostNetwork(this.#place, this.number)
    await makeHostNetwork(this.#place, this.number)
    const { machine, unshare } = await boot(this.#place, this.number, this.name)
    this.#machine = machine
    this.#unshare = unshare
    this.#hasRules = false
    await this.#applyCuts()
    if (this.consul.isWanted) this.consul.start(this.#running())
    if (this.dockerDaemon.isWanted) await this.startDocker()
    if (this.consul.isWanted) await this.consul.untilReady()
  }

  /** Pulls the plug: every process ends at once, and nothing answers, not even with a refusal. */
  async powerOff(): Promise<void> {
    const { initPid } = this.#running()
    await setCable(this.#place, this.number, 'down')
    const unshare = this.#unshare
    // unshare(1) ends when the whole process namespace has.
    const ended = new Promise((resolve) => unshare?.once('exit', resolve))
    process.kill(initPid, 'SIGKILL')
    await ended
    this.#machine = undefined
  }

  /** Every process hangs, containers included; the kernel still accepts connections. */
  freeze(): Promise<void> {
    return setFrozen(this.#place, this.number, true)
  }

  thaw(): Promise<void> {
    return setFrozen(this.#place, this.number, false)
  }

  /** Cuts the host off from everything, the root namespace included. */
  cutCable(): Promise<void> {
    return setCable(this.#place, this.number, 'down')
  }

  restoreCable(): Promise<void> {
    return setCable(this.#place, this.number, 'up')
  }

  /** Drops all packets from and to these hosts; the root namespace still reaches it. */
  partition(others: readonly Host[]): Promise<void> {
    for (const { number } of others) this.#cuts.everything.add(number)
    return this.#applyCuts()
  }

  /** Drops overlay traffic with these hosts; everything else goes on. */
  cutOverlay(others: readonly Host[]): Promise<void> {
    for (const { number } of others) this.#cuts.overlay.add(number)
    return this.#applyCuts()
  }

  /** Ends `partition`. */
  heal(): Promise<void> {
    this.#cuts.everything.clear()
    return this.#applyCuts()
  }

  /** Ends `cutOverlay`. */
  healOverlay(): Promise<void> {
    this.#cuts.overlay.clear()
    return this.#applyCuts()
  }

  /**
   * These processes, by their pids in the root namespace, come before the host's others where all
   * want the processor: each has eight times the share.
   */
  prefer(pids: readonly number[]): void {
    for (const pid of pids) prefer(this.#place, this.number, pid)
  }

  /** Anonymous memory of all that runs here, containers included. */
  memoryBytes(): number {
    return memoryBytes(this.#place, this.number)
  }

  /** Pids, in the root namespace, of all that runs here, containers included. */
  pids(): readonly number[] {
    return processesOfHost(this.#place, this.number)
  }

  #running(): Machine {
    if (this.#machine === undefined) throw new Error(`${this.name} is off`)
    return this.#machine
  }

  async #applyCuts(): Promise<void> {
    const { everything, overlay } = this.#cuts
    if (!this.isOn || (everything.size === 0 && overlay.size === 0 && !this.#hasRules)) return
    await setCuts(this.#place, this.#running().initPid, this.#cuts)
    this.#hasRules = true
  }

  #orThrow(command: readonly string[], result: Result): string {
    if (result.code === 0) return result.stdout
    throw new CommandFailed(`${this.name}: ${command.join(' ')}`, result)
  }
}
