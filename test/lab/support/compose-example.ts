import { fileURLToPath } from 'node:url'
import { must } from '../command.ts'
import type { Host } from '../host.ts'
import { until } from '../until.ts'
import { ask } from './mixed-load.ts'

const project = 'edge'
const httpPort = 80
const shop = 'shop.example.org'

export type ComposeExampleOptions = {
  readonly host: Host
  /** Of Compose. */
  readonly program: string
  /** A folder of deploy/. */
  readonly folder: string
  /** What its Compose file asks for beside the socket of Docker and the port. */
  readonly variables: Readonly<Record<string, string>>
}

/** One of deploy/'s Compose files on a host of a lab, with web servers of one website beside it. */
export class ComposeExample {
  readonly #options: ComposeExampleOptions
  /** Where the website is. */
  readonly to: { readonly address: string; readonly port: number; readonly host: string }

  constructor(options: ComposeExampleOptions) {
    this.#options = options
    this.to = { address: options.host.address, port: httpPort, host: shop }
  }

  async compose(...args: readonly string[]): Promise<string> {
    const { host, program, folder, variables } = this.#options
    const env = {
      DOCKER_HOST: `unix://${host.dockerSocket}`,
      DOCKER_SOCKET: host.dockerSocket,
      HTTP_PORT: String(httpPort),
      ...variables,
    }
    const cwd = fileURLToPath(new URL(`../../../deploy/${folder}`, import.meta.url))
    return must(program, ['-p', project, ...args], { cwd, env })
  }

  /** The id of a service's container; Compose's versions name them differently. */
  async container(service: string): Promise<string> {
    const labels = [
      `com.docker.compose.project=${project}`,
      `com.docker.compose.service=${service}`,
    ]
    const filters = labels.flatMap((label) => ['--filter', `label=${label}`])
    return this.#options.host.docker('ps', '--all', '--quiet', ...filters)
  }

  /** A command of the fairlead in its container. */
  async fairlead(...args: readonly string[]): Promise<string> {
    const id = await this.container('fairlead')
    return this.#options.host.docker('exec', id, 'fairlead', ...args)
  }

  /** `options`: of `docker run`. */
  async startWeb(name: string, ...options: readonly string[]): Promise<void> {
    const own = ['--name', name, '--hostname', name, '--label', `fairlead.host=${shop}`]
    await this.#options.host.docker('run', '-d', ...own, ...options, 'fairlead-demo')
  }

  page() {
    return ask(this.to)
  }

  untilAnsweredBy(name: string): Promise<void> {
    return until(`${name} answers`, async () => {
      return (await this.page()).body.includes(`<h1>${name}</h1>`)
    })
  }

  /** Removes all containers, and the volumes and networks of the example. */
  async remove(): Promise<void> {
    const { host } = this.#options
    const names = (await host.docker('ps', '--all', '--format', '{{.Names}}')).split('\n')
    const others = names.filter((name) => name !== '' && !name.startsWith(project))
    if (others.length > 0) await host.docker('rm', '--force', ...others)
    await this.compose('down', '-v')
  }
}
