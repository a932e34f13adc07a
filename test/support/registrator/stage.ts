import type { AgentService } from '../../../src/consul/types.ts'
import { startConsul } from '../consul/consul-agent.ts'
import type { ConsulAgent } from '../consul/consul-agent.ts'
import { idOf, inspect } from '../container-sketch.ts'
import type { Sketch } from '../container-sketch.ts'
import { FakeDocker } from '../fake-docker.ts'
import { RegistratorRun } from './run-registrator.ts'

/** A Consul agent, a Docker daemon that is told what it has, and runs of Registrator's stand-in. */
export class RegistratorStage {
  readonly consul: ConsulAgent
  readonly docker = new FakeDocker()
  #runs: RegistratorRun[] = []

  private constructor(consul: ConsulAgent) {
    this.consul = consul
  }

  static async open(): Promise<RegistratorStage> {
    const stage = new RegistratorStage(await startConsul())
    await stage.docker.start()
    return stage
  }

  /** A container that runs already. */
  put(sketch: Sketch): void {
    const id = idOf(sketch)
    this.docker.containers.set(id, { id, name: sketch.name ?? 'a', inspect: inspect(sketch) })
  }

  /** A container that starts now. */
  run(sketch: Sketch): void {
    this.put(sketch)
    this.docker.emit('start', idOf(sketch))
  }

  start(
    args: readonly string[],
    uri = `consul://${this.consul.address}`,
    environment: Readonly<Record<string, string>> = {},
  ): RegistratorRun {
    const run = new RegistratorRun([...args, uri], this.docker.url, environment)
    this.#runs.push(run)
    return run
  }

  async services(): Promise<Record<string, AgentService>> {
    return (await this.consul.api<Record<string, AgentService>>('GET', '/v1/agent/services')).body
  }

  async ids(): Promise<string[]> {
    return Object.keys(await this.services()).toSorted()
  }

  /** Registers services of somebody, each `id/name`. */
  async register(...entries: readonly string[]): Promise<void> {
    for (const entry of entries) {
      const [ID, Name] = entry.split('/')
      await this.consul.api('PUT', '/v1/agent/service/register', { ID, Name })
    }
  }

  /** Waits until exactly these services are registered. */
  async untilIds(...wanted: readonly string[]): Promise<void> {
    const end = Date.now() + 60_000
    for (;;) {
      const found = await this.ids()
      if (found.join() === wanted.toSorted().join()) return
      if (Date.now() > end) throw new Error(`services are ${found.join()}, not ${wanted.join()}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Ends all runs, and leaves neither containers nor services; the exit codes of the runs. */
  async clear(): Promise<number[]> {
    const codes = await Promise.all(this.#runs.map((run) => run.stop()))
    this.#runs = []
    this.docker.containers.clear()
    for (const id of await this.ids()) {
      await this.consul.api('PUT', `/v1/agent/service/deregister/${encodeURIComponent(id)}`)
    }
    return codes
  }

  async close(): Promise<void> {
    await this.docker.stop()
    await this.consul.close()
  }
}
