import { SetupError } from './progress.mjs'
import { exitIfInterrupted, findProgram, run } from './run.mjs'

/** The docker command against one daemon: `dockerHost` as DOCKER_HOST has it, else the default one. */
export class DockerClient {
  #env

  constructor(dockerHost) {
    this.#env = dockerHost === undefined ? process.env : { ...process.env, DOCKER_HOST: dockerHost }
    if (findProgram('docker') === undefined) {
      throw new SetupError('There is no docker command here.')
    }
  }

  /** Its output; throws SetupError with the end of it when it fails. */
  async call(...args) {
    const { code, output } = await this.try(...args)
    if (code === 0) return output.trim()
    const end = output.trimEnd().split('\n').slice(-15).join('\n  ')
    throw new SetupError(`docker ${args.slice(0, 2).join(' ')} failed:\n  ${end}`)
  }

  /** Its exit code and output. */
  async try(...args) {
    const result = await run('docker', args, { env: this.#env })
    exitIfInterrupted(result)
    return result
  }

  /** `docker build`, by the daemon's own builder where the client has no buildx. */
  async build(...args) {
    const { code } = await this.try('buildx', 'version')
    this.#env = { ...this.#env, DOCKER_BUILDKIT: code === 0 ? '1' : '0' }
    return this.call('build', ...args)
  }

  /** Whether the daemon has this image. */
  async hasImage(name) {
    return (await this.try('image', 'inspect', '--format', '{{.Id}}', name)).code === 0
  }
}
