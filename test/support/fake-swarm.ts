import type { IncomingMessage, ServerResponse } from 'node:http'
import type {
  SwarmImage,
  SwarmNode,
  SwarmService,
  SwarmTask,
} from '../../src/discovery/swarm/swarm-types.ts'
import { FakeDocker } from './fake-docker.ts'

/** As JSON: what is undefined is left out. */
type Change<T> = { readonly [Key in keyof T]?: T[Key] | undefined }

/** A manager's daemon: a fake daemon that also answers for a swarm, with switches for its troubles. */
export class FakeSwarm extends FakeDocker {
  readonly tasks = new Map<string, SwarmTask>()
  readonly services = new Map<string, SwarmService>()
  readonly nodes = new Map<string, SwarmNode>()
  readonly images = new Map<string, SwarmImage>()
  /** Docker's words for why it does not answer for the swarm; undefined: it does. */
  fault: string | undefined
  /** The swarm's part is not answered at all, as without a leader. */
  hasNoLeader = false
  /** Images that the daemon says 500 of, or to which the answer breaks off. */
  brokenImages: ReadonlyMap<string, 'refused' | 'cut'> = new Map()
  /** Tasks that should run and are not listed all the same; undefined: none. */
  isLeftOut: ((id: string) => boolean) | undefined
  /** Called when the tasks that should run were told. */
  afterTasksAnswer: (() => void) | undefined
  /** Polls of the tasks that should run which are being answered, and the most there ever were. */
  pollsAtOnce = 0
  mostPollsAtOnce = 0
  #index = 10

  constructor() {
    super()
    for (const number of [1, 2, 3]) {
      this.nodes.set(`node${number}`, {
        ID: `node${number}`,
        Description: { Hostname: `host${number}` },
        Status: { State: 'ready', Addr: `10.77.0.${number}` },
      })
    }
  }

  /** How often the tasks that should run were asked for. */
  get polls(): number {
    return this.asked.filter((path) => path === '/tasks').length
  }

  service(name: string, change: Change<SwarmService> = {}): void {
    const service = {
      ID: `${name}-id`,
      Version: { Index: this.#index++ },
      Spec: { Name: name, Mode: { Replicated: { Replicas: 1 } } },
      ...change,
    }
    this.services.set(`${name}-id`, service as SwarmService)
  }

  /** A task of the service in this state; `running` by default, on host1, in network `apps`. */
  task(id: string, service: string, change: Change<SwarmTask> & { state?: string } = {}): void {
    const { state = 'running', ...rest } = change
    const octet = 10 + (this.#index % 200)
    const task = {
      ID: id,
      Version: { Index: this.#index++ },
      CreatedAt: '2026-01-02T03:04:05.000000006Z',
      ServiceID: `${service}-id`,
      Slot: 1,
      NodeID: 'node1',
      Spec: { ContainerSpec: { Image: 'demo:1@sha256:0123' } },
      Status: {
        Timestamp: new Date().toISOString(),
        State: state,
        ContainerStatus: { ContainerID: `container-of-${id}` },
      },
      DesiredState: 'running',
      NetworksAttachments: [
        {
          Network: {
            ID: 'net-apps',
            Spec: { Name: 'apps', Attachable: true },
            DriverState: { Name: 'overlay' },
          },
          Addresses: [`10.88.1.${octet}/24`],
        },
      ],
      ...rest,
    }
    this.tasks.set(id, task as SwarmTask)
  }

  changeTask(id: string, change: Change<SwarmTask> & { state?: string }): void {
    const { state, ...rest } = change
    const before = this.tasks.get(id)
    const task = {
      ...before,
      Version: { Index: this.#index++ },
      ...(state !== undefined && { Status: { ...before?.Status, State: state } }),
      ...rest,
    }
    this.tasks.set(id, task as SwarmTask)
  }

  /** Tells that a service was changed. */
  tellService(id: string): void {
    this.emit('update', id, {}, 'service')
  }

  override async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://docker')
    const isOfSwarm = /^\/(tasks|services|nodes|images\/.*)$/.test(url.pathname)
    if (!isOfSwarm || this.isFrozen) return super.answer(request, response)
    this.asked.push(url.pathname)
    if (this.hasNoLeader) return
    if (url.pathname === '/tasks') {
      this.pollsAtOnce++
      this.mostPollsAtOnce = Math.max(this.mostPollsAtOnce, this.pollsAtOnce)
      await new Promise((resolve) => setImmediate(resolve))
      this.pollsAtOnce--
    }
    const isWantedList =
      url.pathname === '/tasks' && url.searchParams.get('filters')?.includes('desired-state')
    const body = this.fault === undefined ? this.#swarmBody(url) : { message: this.fault }
    const status = this.fault === undefined ? (body === undefined ? 404 : 200) : 503
    const image = /^\/images\/(.*)\/json$/.exec(url.pathname)?.[1] ?? ''
    const broken = this.brokenImages.get(image)
    if (broken === 'cut') return void response.destroy()
    response.writeHead(broken === 'refused' ? 500 : status, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(body ?? { message: 'No such image' }))
    if (isWantedList === true) this.afterTasksAnswer?.()
  }

  #swarmBody(url: URL): unknown {
    if (url.pathname === '/services') return [...this.services.values()]
    if (url.pathname === '/nodes') return [...this.nodes.values()]
    if (url.pathname !== '/tasks') {
      return this.images.get(url.pathname.slice('/images/'.length, -'/json'.length))
    }
    const filters = JSON.parse(url.searchParams.get('filters') ?? '{}') as {
      id?: string[]
      'desired-state'?: string[]
    }
    return [...this.tasks.values()].filter(
      (each) =>
        filters.id?.includes(each.ID ?? '') !== false &&
        filters['desired-state']?.includes(each.DesiredState ?? '') !== false &&
        (filters['desired-state'] === undefined || this.isLeftOut?.(each.ID ?? '') !== true),
    )
  }
}
