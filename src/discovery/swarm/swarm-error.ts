import { FairleadError, messageOf } from '../../model/errors.ts'

/** Why a swarm's tasks cannot be read, in words for `status`: Docker's own, and what helps. */
export function describeSwarmFault(error: unknown): string {
  const message = messageOf(error)
  const known = hintFor(message)
  const hint = known === '' && error instanceof FairleadError ? error.hint : known
  return hint === '' ? message : `${message} (${hint})`
}

/** Docker answers all of these with 503 or 500 and words (daemon/cluster, SwarmKit). */
function hintFor(message: string): string {
  if (/worker nodes can't be used/i.test(message)) {
    return 'this node is a worker now: docker node promote it, or run fairlead on a manager'
  }
  if (/not a swarm manager|not part of a swarm/i.test(message)) {
    return 'run docker swarm init here, or name a manager with --docker'
  }
  if (/does not have a leader|no elected|deadline exceeded/i.test(message)) {
    return 'more than half of the managers must be up; nothing changes until they are'
  }
  if (/needs to be unlocked/i.test(message)) return 'docker swarm unlock'
  return ''
}
