import type { Docker, ListedContainer } from './docker.ts'
import { byNumber, forAll, serviceName, startsAtOnce, stopsAtOnce } from './web-servers.ts'
import type { WebServer, WebServers } from './web-servers.ts'

const instanceLabel = 'demo.fairlead.instance'
const stopTimeoutSeconds = 5

export type ContainersOptions = {
  readonly image: string
  /** Tells this demo's containers from those of another user or state folder. */
  readonly instance: string
  /** Publish each server on a free port of 127.0.0.1. */
  readonly isPublished: boolean
}

/** Web servers in Docker containers `demo-hostname-1`, `-2` and so on; found again by their label. */
export function createContainers(docker: Docker, options: ContainersOptions): WebServers {
  const list = () => listContainers(docker, options.instance)
  return {
    kind: 'containers',
    async scale(count) {
      const all = await list()
      await forAll(
        stopsAtOnce,
        all.filter(({ isRunning }) => !isRunning),
        ({ id }) => removeContainer(docker, id),
      )
      const running = all.filter(({ isRunning }) => isRunning).sort(byNumber)
      await forAll(stopsAtOnce, running.slice(count).toReversed(), ({ id }) => stop(docker, id))
      const names = await freeNames(docker, Math.max(0, count - running.length))
      await forAll(startsAtOnce, names, (name) => startContainer(docker, name, options))
      return (await list()).toSorted(byNumber)
    },
    removeAll: () => removeContainers(docker, options.instance),
  }
}

/** Creates and starts one web server; resolves when Docker has started it. */
export async function startContainer(
  docker: Docker,
  name: string,
  { image, instance, isPublished }: ContainersOptions,
): Promise<void> {
  const PortBindings = isPublished ? { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } : {}
  const body = {
    Image: image,
    Labels: { [instanceLabel]: instance },
    HostConfig: {
      PortBindings,
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
    },
  }
  await docker.call('POST', `/containers/create?name=${name}`, [201], { body })
  await docker.call('POST', `/containers/${name}/start`, [204])
}

/** Takes away every container of this demo, running or not. */
export async function removeContainers(docker: Docker, instance: string): Promise<void> {
  await forAll(stopsAtOnce, await listContainers(docker, instance), ({ id }) =>
    removeContainer(docker, id),
  )
}

/** The next `count` names that no container of this Docker has, also none of somebody else's. */
export async function freeNames(docker: Docker, count: number): Promise<readonly string[]> {
  const all = await docker.get<readonly ListedContainer[]>('/containers/json?all=1')
  const taken = new Set(all.flatMap(({ Names }) => Names.map((name) => name.slice(1))))
  const names: string[] = []
  for (let number = 1; names.length < count; number += 1) {
    const name = `${serviceName}-${number}`
    if (!taken.has(name)) names.push(name)
  }
  return names
}

async function stop(docker: Docker, id: string): Promise<void> {
  await docker.call('POST', `/containers/${id}/stop?t=${stopTimeoutSeconds}`, [204, 304, 404])
  await removeContainer(docker, id)
}

// 409: Docker is removing it already.
async function removeContainer(docker: Docker, id: string): Promise<void> {
  await docker.call('DELETE', `/containers/${id}?force=1`, [204, 404, 409])
}

type DemoContainer = WebServer & { readonly id: string; readonly isRunning: boolean }

async function listContainers(docker: Docker, instance: string): Promise<readonly DemoContainer[]> {
  const filters = JSON.stringify({ label: [`${instanceLabel}=${instance}`] })
  const path = `/containers/json?all=1&filters=${encodeURIComponent(filters)}`
  const found = await docker.get<readonly ListedContainer[]>(path)
  return found.map(({ Id, Names, State }) => ({
    id: Id,
    name: (Names[0] ?? '').slice(1),
    // Docker's default hostname: the first twelve digits of the id.
    hostname: Id.slice(0, 12),
    isRunning: State === 'running',
  }))
}
