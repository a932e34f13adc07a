import { join } from 'node:path'
import { createContainers } from './containers.ts'
import { serveControl } from './control.ts'
import { DemoError } from './errors.ts'
import { startFairlead } from './fairlead.ts'
import type { Fairlead } from './fairlead.ts'
import { controlSocket, instanceOf, writeRecord } from './folder.ts'
import { choosePlace, findDocker } from './place.ts'
import type { Place } from './place.ts'
import { createProcesses } from './processes.ts'
import { waitUntilRouted } from './routed.ts'
import { takeAway } from './take-away.ts'
import { createView } from './view.ts'
import type { WebServer, WebServers } from './web-servers.ts'

export type DemoOptions = {
  /** How many web servers at the start. */
  readonly web: number
  readonly port: number
  /** Local processes even where containers would work. */
  readonly processes: boolean
  /** Absolute; everything the demo keeps is in it. */
  readonly folder: string
  /** dist/fairlead.mjs. */
  readonly bundle: string
  readonly env: NodeJS.ProcessEnv
  readonly say: (text: string) => void
}

type Say = (text: string) => void

/**
 * One demo, from its first container to the last thing taken away.
 *
 * States: setting up → serving → ending → gone. `#ending` is aborted by Ctrl-C, by `down` from
 * another shell, by a failure, and leads from any state to the third; `#gone` resolves with the last.
 */
export class RunningDemo {
  readonly #options: DemoOptions
  readonly #url: string
  readonly #ending = new AbortController()
  readonly #gone: Promise<void>
  #setGone: () => void = () => {}
  #failure: DemoError | undefined
  #servers: readonly WebServer[] = []
  // Scaling goes on one at a time; this settles with the last one that was asked for.
  #lastScale: Promise<unknown> = Promise.resolve()

  constructor(options: DemoOptions) {
    this.#options = options
    this.#url = `http://127.0.0.1:${options.port}`
    this.#gone = new Promise((resolve) => (this.#setGone = resolve))
  }

  /** Resolves when everything has been taken away; throws DemoError for what ended it. */
  async run(): Promise<void> {
    // A terminal sends Ctrl-C to npm and to the demo, and npm hands it on: the second is the same.
    const end = () => this.#ending.abort()
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end)
    try {
      await this.#serve()
    } catch (error) {
      if (!this.#ending.signal.aborted) throw error
    } finally {
      this.#ending.abort()
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  async #serve(): Promise<void> {
    const { folder, env, say } = this.#options
    this.#record(undefined)
    let web: WebServers | undefined
    let scale = (_count: number, _say: Say): Promise<void> =>
      Promise.reject(new DemoError('The demo is still being set up.'))
    const release = await serveControl(controlSocket(folder), {
      scale: (count, sayTo) => scale(count, sayTo),
      down: () => this.#end(),
    })
    try {
      const place = await this.#choosePlace()
      say(`web servers run in ${place.kind}: ${place.why}`)
      const fairlead = this.#startFairlead(place)
      web = this.#createWebServers(place, fairlead)
      const view = createView({ url: this.#url, fairlead, servers: () => this.#servers, say })
      await this.#bringUp(web, fairlead)
      const running = web
      scale = (count, sayTo) => {
        const sayAll: Say = (text) => {
          view.note(text)
          sayTo(text)
        }
        return this.#inTurn(() => this.#scale(running, fairlead, count, sayAll))
      }
      await view.run(this.#ending.signal)
    } finally {
      this.#ending.abort()
      // Below the `^C` of the terminal.
      if (process.stdout.isTTY) process.stdout.write('\n')
      say('taking everything away')
      await Promise.allSettled([this.#lastScale])
      await takeAway(folder, env)
      await web?.removeAll()
      say('nothing is left')
      this.#setGone()
      release()
    }
  }

  async #choosePlace(): Promise<Place> {
    const { folder, env, say } = this.#options
    if (this.#options.processes) return { kind: 'processes', why: 'asked for with --processes' }
    const found = await findDocker(env)
    if ('why' in found) return { kind: 'processes', why: found.why }
    // Before the first container, so that `down` finds it whatever happens.
    this.#record(found.host)
    return choosePlace(found, instanceOf(folder), say)
  }

  #startFairlead(place: Place): Fairlead {
    this.#ending.signal.throwIfAborted()
    const { folder, bundle, port, say } = this.#options
    say('starting fairlead and HAProxy')
    const isContainers = place.kind === 'containers'
    const options = {
      bundle,
      folder,
      http: `127.0.0.1:${port}`,
      dockerHost: isContainers ? place.dockerHost : 'none',
      isPublished: isContainers && place.options.isPublished,
    }
    return startFairlead(options, this.#ending.signal, (failure) => {
      this.#failure = failure
      this.#ending.abort()
    })
  }

  #createWebServers(place: Place, { admin }: Fairlead): WebServers {
    if (place.kind === 'containers') return createContainers(place.docker, place.options)
    return createProcesses(admin, join(this.#options.folder, 'web.log'))
  }

  async #bringUp(web: WebServers, fairlead: Fairlead): Promise<void> {
    const { web: count, say } = this.#options
    const isReady = fairlead.waitUntilReady(this.#ending.signal)
    // Containers can start meanwhile; processes register themselves with a fairlead that listens.
    if (web.kind === 'processes') await isReady
    const [servers] = await Promise.all([web.scale(count), isReady])
    this.#servers = servers
    await waitUntilRouted(fairlead, servers, [], this.#ending.signal)
    say(`ready: ${this.#url} is served by ${servers.length} web servers`)
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#lastScale.then(work)
    this.#lastScale = Promise.allSettled([turn])
    return turn
  }

  async #scale(web: WebServers, fairlead: Fairlead, count: number, say: Say): Promise<void> {
    this.#ending.signal.throwIfAborted()
    const before = this.#servers
    say(`scaling from ${before.length} to ${count} web servers`)
    this.#servers = await web.scale(count)
    const startedAtMs = Date.now()
    const left = before.filter(({ name }) => !this.#servers.some((server) => server.name === name))
    await waitUntilRouted(fairlead, this.#servers, left, this.#ending.signal)
    say(`${count} web servers take traffic, ${Date.now() - startedAtMs} ms after the last change`)
  }

  async #end(): Promise<void> {
    this.#ending.abort()
    await this.#gone
  }

  #record(dockerHost: string | undefined): void {
    writeRecord(this.#options.folder, { url: this.#url, dockerHost })
  }
}
