import { DockerError } from '../discovery/docker/docker-error.ts'
import { messageOf } from '../model/errors.ts'
import type { Step } from './decide.ts'
import type { Obstacle } from './rules.ts'
import { shellWord } from './rules.ts'

/** The endpoint is there already: somebody was faster. */
export function isThereAlready(error: unknown): boolean {
  return error instanceof DockerError && /already exists in network/.test(error.message)
}

/** What Docker's refusal means, and the command that would help. */
export function refusalOf(error: unknown, { kind, member, network }: Step): Obstacle {
  const said = messageOf(error)
  const name = JSON.stringify(network.name)
  const what = `${member.name} cannot be ${kind === 'join' ? 'attached to' : 'detached from'} network ${name}: ${said}`
  return { what, hint: hintFor(said, error, { kind, member, network }) }
}

function hintFor(said: string, error: unknown, { kind, member, network }: Step): string {
  const command = kind === 'join' ? 'connect' : 'disconnect'
  const byHand = `docker network ${command} ${shellWord(network.name)} ${shellWord(member.name)}`
  if (/not manually attachable/.test(said)) {
    return `docker network create -d overlay --attachable ${shellWord(`${network.name}-attachable`)}, and put the service on it`
  }
  if (/no available (IPv[46] )?addresses|could not find an available/i.test(said)) {
    return `its address pool is used up; give it a larger --subnet, or free addresses (docker network inspect ${shellWord(network.name)})`
  }
  // Docker itself refuses with 403 too, and then speaks of networks; the request's path always does.
  const words = said.replace(/ \(HTTP [^)]*\)$/, '')
  if (error instanceof DockerError && error.status === 403 && !/endpoint|network/i.test(words)) {
    return `let the proxy in front of Docker's socket pass POST /networks/{id}/${command}, or: ${byHand}`
  }
  return byHand
}
