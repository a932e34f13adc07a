import { DockerClient } from '../discovery/docker/client.ts'
import { DockerError } from '../discovery/docker/docker-error.ts'
import type { DockerHost } from '../settings/settings.ts'
import { haproxyLabel } from './home.ts'

const mostMs = 2_000

/**
 * Whether a Docker daemon of this machine has a container with the label of this instance's HAProxy,
 * or may have one: it does not answer within two seconds, or, by `mayCome`, one may be started later.
 */
export async function mayHaveLabelled(
  { docker, name }: { readonly docker: readonly DockerHost[]; readonly name: string },
  mayCome: boolean,
): Promise<boolean> {
  const found = await Promise.all(docker.map((host) => isThere(host, name, mayCome)))
  return found.includes(true)
}

async function isThere(host: DockerHost, name: string, mayCome: boolean): Promise<boolean> {
  const client = new DockerClient(host)
  try {
    if (client.remoteHost !== undefined) return false
    if (mayCome) return true
    const list = await client.listContainers(AbortSignal.timeout(mostMs), `${haproxyLabel}=${name}`)
    return list.length > 0
  } catch (error) {
    if (!(error instanceof DockerError)) throw error
    return true
  } finally {
    client.close()
  }
}
