import { setTimeout as sleep } from 'node:timers/promises'
import { freeNames, removeContainers, startContainer } from './containers.ts'
import type { ContainersOptions } from './containers.ts'
import { Docker, dockerHosts, dockerTarget } from './docker.ts'
import { messageOf } from './errors.ts'
import { call } from './http.ts'
import type { Target } from './http.ts'
import { ensureImage, whyNoImage } from './image.ts'

/** Where the demo's web servers will run, and in a sentence why there. */
export type Place =
  | { readonly kind: 'processes'; readonly why: string }
  | {
      readonly kind: 'containers'
      readonly why: string
      readonly docker: Docker
      /** As fairlead takes it in `--docker`. */
      readonly dockerHost: string
      readonly options: ContainersOptions
    }

type Container = {
  readonly Id: string
  readonly State: { readonly Running: boolean; readonly ExitCode: number }
  readonly NetworkSettings: {
    readonly IPAddress: string
    readonly Ports: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>>
  }
}

const reachTimeoutMs = 8000
// Only silence is waited for this long: a container that is reached at all answers at once.
const attemptMs = 1500

/** A Docker daemon that answers; `host` as in DOCKER_HOST. */
export type FoundDocker = { readonly docker: Docker; readonly host: string }

/** The first Docker daemon that answers, or in words why there is none. */
export async function findDocker(
  env: NodeJS.ProcessEnv,
): Promise<FoundDocker | { readonly why: string }> {
  const failures: string[] = []
  for (const host of dockerHosts(env)) {
    const target = dockerTarget(host, env)
    if (target === undefined) {
      return {
        why: `the demo does not speak to Docker at ${host}, only to unix sockets and plain tcp`,
      }
    }
    try {
      const { status } = await call(target, 'GET', '/_ping', { timeoutMs: 3000 })
      if (status === 200) return { docker: new Docker(target), host }
      failures.push(`${host}: status ${status}`)
    } catch (error) {
      failures.push(messageOf(error))
    }
  }
  return { why: `no Docker daemon answers (${failures[0]})` }
}

/**
 * Decides by trying: makes the image, starts the first web server and asks it for its page, at its
 * own address and then at a published port. Whatever fails leads to processes, with the reason.
 * A first container that answers is left running.
 */
export async function choosePlace(
  { docker, host }: FoundDocker,
  instance: string,
  say: (text: string) => void,
): Promise<Place> {
  try {
    const obstacle = await whyNoImage(docker)
    if (obstacle !== undefined) return { kind: 'processes', why: obstacle }
    const image = await ensureImage(docker, say)
    for (const isPublished of [false, true]) {
      const options = { image, instance, isPublished }
      if (await canReach(docker, options)) {
        const way = isPublished ? 'through published ports' : 'at their own addresses'
        const why = `Docker answers at ${host}, and its containers are reached ${way}`
        return { kind: 'containers', why, docker, dockerHost: host, options }
      }
      await removeContainers(docker, instance)
    }
    return { kind: 'processes', why: `containers of Docker at ${host} cannot be reached from here` }
  } catch (error) {
    await removeContainers(docker, instance)
    return { kind: 'processes', why: messageOf(error) }
  }
}

async function canReach(docker: Docker, options: ContainersOptions): Promise<boolean> {
  const [name = ''] = await freeNames(docker, 1)
  await startContainer(docker, name, options)
  const deadlineMs = Date.now() + reachTimeoutMs
  while (Date.now() < deadlineMs) {
    const container = await docker.get<Container>(`/containers/${name}/json`)
    if (!container.State.Running) {
      throw new Error(`the web server's container ended with ${container.State.ExitCode}`)
    }
    const answer = await tryPage(
      addressOf(container, options.isPublished),
      container.Id.slice(0, 12),
    )
    if (answer !== 'refused') return answer === 'ours'
    await sleep(10)
  }
  return false
}

function addressOf({ NetworkSettings }: Container, isPublished: boolean): Target {
  if (!isPublished) return { host: NetworkSettings.IPAddress, port: 80 }
  return { host: '127.0.0.1', port: Number(NetworkSettings.Ports['80/tcp']?.[0]?.HostPort) }
}

// The page must be that of our container: on a machine with several daemons the same address may
// belong to a container of another one. A connection that is refused or reset is a server that does
// not listen yet.
async function tryPage(target: Target, hostname: string): Promise<'ours' | 'refused' | 'no'> {
  try {
    const { body } = await call(target, 'GET', '/', { timeoutMs: attemptMs })
    return body.includes(hostname) ? 'ours' : 'no'
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    return code === 'ECONNREFUSED' || code === 'ECONNRESET' ? 'refused' : 'no'
  }
}
