import { call } from '../../demo/http.ts'
import { join } from 'node:path'
import { HostDaemon } from './host-daemon.ts'
import type { Machine } from './host-process.ts'
import { hostAddress, hostFolder, type Place } from './place.ts'
import { until } from './until.ts'

const port = 8500

export type ConsulRole = {
  /** Hosts with a server, by number; the others have a client agent. */
  readonly servers: readonly number[]
  /** More of consul-agent's flags. */
  readonly flags?: readonly string[]
}

// One second as the heartbeat's unit, as one network wants it; a server that is cut off for a while
// stays a member: Consul's cleaning up of dead servers costs two more elections after each healing.
const settings = [
  'performance { raft_multiplier = 1 }',
  'autopilot { cleanup_dead_servers = false }',
  'disable_update_check = true',
  'leave_on_terminate = false',
].join('\n')

/** The Consul agent of a host, at its address and at 127.0.0.1 there, port 8500. */
export class ConsulDaemon {
  /** `ADDRESS:8500` of its HTTP API. */
  readonly address: string
  readonly #place: Place
  readonly #number: number
  readonly #daemon: HostDaemon
  #role: ConsulRole | undefined

  constructor(place: Place, number: number) {
    this.#place = place
    this.#number = number
    this.address = `${hostAddress(place, number)}:${port}`
    this.#daemon = new HostDaemon(join(hostFolder(place, number), 'consul.log'))
  }

  get isRunning(): boolean {
    return this.#daemon.isRunning
  }

  /** Whether a boot of the host starts it. */
  get isWanted(): boolean {
    return this.#role !== undefined
  }

  get pid(): number | undefined {
    return this.#daemon.pid
  }

  /** Starts it in this role, that of the last time without; does not wait for its cluster. */
  start(machine: Machine, role: ConsulRole | undefined = this.#role): void {
    if (role === undefined) throw new Error('Consul of this lab has not been started: lab.consul()')
    this.#role = role
    this.#daemon.start(machine, 'consul', this.#args(role))
  }

  kill(): Promise<unknown> {
    return this.#daemon.kill()
  }

  stop(): Promise<unknown> {
    return this.#daemon.stop()
  }

  /** Waits until it knows a leader and takes writes. */
  untilReady(timeoutMs?: number): Promise<void> {
    return until(`Consul at ${this.address} has a leader`, () => this.#isReady(), timeoutMs)
  }

  /** `ADDRESS:8300` of the leader as this agent has it, also for a while after that one's end. */
  async leader(): Promise<string> {
    const { body } = await this.#call('GET', '/v1/status/leader')
    return JSON.parse(body) as string
  }

  async #isReady(): Promise<boolean> {
    if (!this.isRunning) throw new Error('it has ended')
    const { status } = await this.#call('PUT', '/v1/kv/lab/ready')
    return status === 200 && (await this.leader()) !== ''
  }

  #call(method: string, path: string): ReturnType<typeof call> {
    const host = hostAddress(this.#place, this.#number)
    return call({ host, port }, method, path, { timeoutMs: 2000 })
  }

  #args({ servers, flags = [] }: ConsulRole): readonly string[] {
    const isServer = servers.includes(this.#number)
    const others = servers.map((number) => `-retry-join=${hostAddress(this.#place, number)}`)
    const address = hostAddress(this.#place, this.#number)
    return [
      'agent',
      ...(isServer ? ['-server', `-bootstrap-expect=${servers.length}`] : []),
      `-node=host${this.#number}`,
      `-bind=${address}`,
      `-client=${address} 127.0.0.1`,
      `-data-dir=${join(hostFolder(this.#place, this.#number), 'consul')}`,
      '-retry-interval=1s',
      `-hcl=${settings}`,
      ...others,
      ...flags,
    ]
  }
}
