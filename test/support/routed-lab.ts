import type { ServerResponse, IncomingMessage } from 'node:http'
import { Applier } from '../../src/haproxy/applier.ts'
import type { ApplyResult } from '../../src/haproxy/apply/context.ts'
import { planChanges } from '../../src/haproxy/diff/plan-changes.ts'
import type { HaproxyProcess } from '../../src/haproxy/process/haproxy-process.ts'
import type { Candidate } from '../../src/model/candidate.ts'
import type { Endpoint } from '../../src/model/endpoint.ts'
import { emptyMemory } from '../../src/routing/contract.ts'
import type { RoutingInput, RoutingResult } from '../../src/routing/contract.ts'
import { createRouter } from '../../src/routing/route.ts'
import { HaproxyLab } from './haproxy-lab.ts'
import { ask, serve } from './plain-servers.ts'
import type { TestServer } from './plain-servers.ts'
import { container, endpoint, routingInput, routingSettings } from './routing.ts'

/** Containers routed through a real HAProxy, from the snapshot to the answer. */
export class RoutedLab {
  readonly lab: HaproxyLab
  readonly haproxy: HaproxyProcess
  readonly #route = createRouter()
  #applier: Applier
  #last: RoutingResult | undefined

  private constructor(lab: HaproxyLab) {
    this.lab = lab
    this.haproxy = lab.process()
    this.#applier = this.#newApplier()
  }

  /** `program`: path of a HAProxy. */
  static async open(program: string): Promise<RoutedLab> {
    return new RoutedLab(await HaproxyLab.open(program))
  }

  get applier(): Applier {
    return this.#applier
  }

  /** What was routed last. */
  get last(): RoutingResult {
    if (this.#last === undefined) throw new Error('nothing was routed yet')
    return this.#last
  }

  /** Routes these containers, and makes it true. Times pass by `nowMs`. */
  async apply(
    candidates: readonly Candidate[],
    given: Partial<RoutingInput> = {},
  ): Promise<ApplyResult> {
    const { folder, port, options } = this.lab
    const settings = {
      ...routingSettings,
      accessLog: false,
      http: [`127.0.0.1:${port}`],
      paths: { maps: `${folder}/maps`, socket: options.workerSocket, chroot: undefined },
      ...given.settings,
    }
    this.#settings ??= settings
    const memory = this.#last?.memory ?? emptyMemory
    const input = routingInput(candidates, { memory, ...given, settings: this.#settings })
    this.#last = this.#route(input)
    return this.#applier.applyDesired(this.#last.desired)
  }
  #settings: RoutingInput['settings'] | undefined

  /** As when fairlead is started anew beside the HAProxy that goes on. */
  async restartFairlead(): Promise<void> {
    await this.#applier.close()
    this.#applier = this.#newApplier()
  }

  /** A container with one web server. */
  async container(
    name: string,
    given: Partial<Endpoint> = {},
    answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => {
      response.end(name)
    },
  ): Promise<{ readonly candidate: Candidate; readonly server: TestServer }> {
    const server = await serve(answer)
    this.lab.release(() => server.close())
    return { server, candidate: this.at(name, server.port, given) }
  }

  /** A container at a port of this machine. */
  at(name: string, port: number, given: Partial<Endpoint> = {}): Candidate {
    const labels = { enable: 'true', ...given.labels }
    return container(name, endpoint(name, { address: '127.0.0.1', port, ...given, labels }))
  }

  ask(options: Parameters<typeof ask>[1] = {}): ReturnType<typeof ask> {
    return ask(this.lab.port, options)
  }

  /** Replies of HAProxy's own command line. */
  tell(...commands: readonly string[]): Promise<readonly string[]> {
    return this.haproxy.execute(commands)
  }

  close(): Promise<void> {
    return this.lab.close()
  }

  #newApplier(): Applier {
    const applier = new Applier({ haproxy: this.haproxy, planChanges })
    this.lab.release(() => applier.close())
    return applier
  }
}
