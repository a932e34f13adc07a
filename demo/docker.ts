import { call } from './http.ts'
import type { Answer, CallOptions, Target } from './http.ts'

/** Docker's answer when it is not the wanted one: its status and its own words. */
export class DockerAnswer extends Error {
  readonly status: number

  constructor(what: string, answer: Answer) {
    super(`Docker: ${what}: ${message(answer.body)}`)
    this.name = 'DockerAnswer'
    this.status = answer.status
  }
}

/** A container of `GET /containers/json` (Docker Engine API, ContainerList), as far as it is used. */
export type ListedContainer = {
  readonly Id: string
  readonly Names: readonly string[]
  readonly State: string
}

/** Where the demo looks for Docker, in this order; the first that is given or exists is asked. */
export function dockerHosts(env: NodeJS.ProcessEnv): readonly string[] {
  if (env['DOCKER_HOST']) return [env['DOCKER_HOST']]
  const runtime = env['XDG_RUNTIME_DIR']
  const home = env['HOME']
  return [
    'unix:///var/run/docker.sock',
    ...(runtime ? [`unix://${runtime}/docker.sock`] : []),
    ...(home ? [`unix://${home}/.docker/run/docker.sock`] : []),
  ]
}

/** The address behind a DOCKER_HOST; undefined for ssh and TLS, which the demo does not speak. */
export function dockerTarget(host: string, env: NodeJS.ProcessEnv): Target | undefined {
  if (!URL.canParse(host)) return undefined
  const url = new URL(host)
  if (url.protocol === 'unix:') return { socketPath: url.pathname }
  if (url.protocol !== 'tcp:' || env['DOCKER_TLS_VERIFY']) return undefined
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 2375) }
}

/** The few calls of Docker's API that the demo needs. Each throws DockerAnswer for an unwanted status. */
export class Docker {
  readonly #target: Target

  constructor(target: Target) {
    this.#target = target
  }

  /** Parsed JSON of a GET. */
  async get<T>(path: string, options?: CallOptions): Promise<T> {
    return JSON.parse((await this.call('GET', path, [200], options)).body) as T
  }

  /** Any call; `wanted` lists the statuses that mean success. */
  async call(
    method: string,
    path: string,
    wanted: readonly number[],
    options?: CallOptions,
  ): Promise<Answer> {
    const answer = await call(this.#target, method, path, options)
    if (!wanted.includes(answer.status))
      throw new DockerAnswer(`${method} ${path.split('?')[0]}`, answer)
    return answer
  }
}

function message(body: string): string {
  try {
    const parsed = JSON.parse(body) as { message?: string }
    return parsed.message ?? body.trim()
  } catch {
    // Not JSON: Docker's words are the text itself.
    return body.trim()
  }
}
