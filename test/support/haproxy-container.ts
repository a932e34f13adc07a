import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { Docker } from '../../demo/docker.ts'
import { file, importImage } from '../../demo/image.ts'

/** Where the shared folder is in the container. */
export const sharedFolder = '/shared'

/**
 * HAProxy in a container of its own, with its processes and network to itself, and a folder that it
 * shares with this machine. The image is made of this machine's program and its libraries.
 */
export class HaproxyContainer {
  readonly #docker: Docker
  readonly #image: string
  readonly #id: string

  private constructor(docker: Docker, image: string, id: string) {
    this.#docker = docker
    this.#image = image
    this.#id = id
  }

  /** Created, not started. `inside`: where the folder is in the container. */
  static async create(
    program: string,
    folder: string,
    inside = sharedFolder,
  ): Promise<HaproxyContainer> {
    const docker = new Docker({ socketPath: '/var/run/docker.sock' })
    const tag = `fl-${randomBytes(4).toString('hex')}`
    const name = 'fairlead-test/haproxy'
    const files = [file('usr/sbin/haproxy', 0o755, program), ...librariesOf(program)]
    await importImage(docker, { name, tag, changes: [], files })
    const master = `${inside}/master.sock,mode,600`
    const body = {
      Image: `${name}:${tag}`,
      Cmd: ['/usr/sbin/haproxy', '-W', '-S', master, '-f', `${inside}/haproxy.cfg`],
      HostConfig: { Binds: [`${folder}:${inside}`] },
    }
    const answer = await docker.call('POST', `/containers/create?name=${tag}`, [201], { body })
    const { Id } = JSON.parse(answer.body) as { Id: string }
    return new HaproxyContainer(docker, `${name}:${tag}`, Id)
  }

  async start(): Promise<void> {
    await this.#post('start')
  }

  async stop(): Promise<void> {
    await this.#post('stop?t=1')
  }

  async restart(): Promise<void> {
    await this.#post('restart?t=1')
  }

  async address(): Promise<string> {
    const { NetworkSettings } = await this.#docker.get<{ NetworkSettings: { IPAddress: string } }>(
      `/containers/${this.#id}/json`,
    )
    return NetworkSettings.IPAddress
  }

  /** What its last runs have written, at most 50 lines. */
  output(): string {
    const args = ['logs', '--tail', '50', this.#id]
    const { stdout, stderr } = spawnSync('docker', args, { encoding: 'utf8' })
    return stdout + stderr
  }

  async remove(): Promise<void> {
    await this.#docker.call('DELETE', `/containers/${this.#id}?force=1&v=1`, [204, 404])
    await this.#docker.call('DELETE', `/images/${this.#image}?force=1`, [200, 404])
  }

  async #post(what: string): Promise<void> {
    const path = `/containers/${this.#id}/${what}`
    await this.#docker.call('POST', path, [204, 304], { timeoutMs: 60_000 })
  }
}

/** A program's libraries, as ldd(1) lists them: `name => /path (address)`, `/path (address)` for the loader. */
export function librariesOf(program: string): readonly ReturnType<typeof file>[] {
  const output = execFileSync('ldd', [program], { encoding: 'utf8' })
  const paths = new Set(output.match(/(?<=^\t|=> )\/\S+/gm))
  return [...paths]
    .filter((path) => existsSync(path))
    .map((path) => file(path.slice(1), 0o755, path))
}
