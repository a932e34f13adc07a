import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { DockerError } from './docker-error.ts'
import { messageOf } from '../../model/errors.ts'

/** An address for a host name; itself when it is one. Throws DockerError when it has none. */
export async function resolveAddress(host: string): Promise<string> {
  if (isIP(host) !== 0) return host
  try {
    return (await lookup(host)).address
  } catch (error) {
    throw new DockerError(`cannot resolve ${host}: ${messageOf(error)}`, { cause: error })
  }
}
