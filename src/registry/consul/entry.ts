import type { Candidate } from '../../model/candidate.ts'
import type { Endpoint } from '../../model/endpoint.ts'
import { readOwner, type Owner } from '../../registration/owner-meta.ts'

/** One service instance as Consul's catalogue and its checks say, and what becomes of it. */
export type Entry = {
  /** Unique in a datacenter: node and endpoint id. */
  readonly key: string
  readonly serviceId: string
  readonly service: string
  readonly node: string
  /** Entries of one candidate: the ports of one container. */
  readonly candidateKey: string
  readonly owner: Owner | undefined
  /** What of the settings names it; undefined: nothing. */
  readonly chosenBy: string | undefined
  /** Undefined: it cannot be an endpoint, and `fault` says why. */
  readonly endpoint: Endpoint | undefined
  readonly fault: Fault | undefined
  /** Consul's index of the last change to the instance; 0 where it is not known. */
  readonly modifyIndex: number
}

/** Why an instance is no endpoint. */
export type Fault = {
  readonly what: string
  readonly hint: string
  /** Somebody wants it routed, or it is a mistake by itself: it goes on show. */
  readonly isProblem: boolean
}

export function entryKey(node: string, endpointId: string): string {
  return `${node} ${endpointId}`
}

/** The container with all its ports, or the instance by itself. */
export function candidateKeyOf(key: string, node: string, owner: Owner | undefined): string {
  return owner === undefined ? key : `${owner.container}@${node}`
}

/** The entries that a stored candidate was made of; those that could not be endpoints are not. */
export function entriesOfCandidate(candidate: Candidate): readonly Entry[] {
  return candidate.endpoints.map((endpoint) => {
    const owner = readOwner(endpoint.meta)
    const key = entryKey(endpoint.node, endpoint.id)
    const prefix = `${endpoint.node}/`
    return {
      key,
      serviceId: endpoint.id.startsWith(prefix) ? endpoint.id.slice(prefix.length) : endpoint.id,
      service: endpoint.service,
      node: endpoint.node,
      candidateKey: candidateKeyOf(key, endpoint.node, owner),
      owner,
      chosenBy: candidate.chosenBy,
      endpoint,
      fault: undefined,
      modifyIndex: 0,
    }
  })
}

/** Equal but for the index: nothing that anybody after the registry could see. */
export function saysTheSame(a: Entry, b: Entry): boolean {
  return contentOf(a) === contentOf(b)
}

function contentOf(entry: Entry): string {
  let content = contents.get(entry)
  if (content === undefined) {
    content = JSON.stringify({ ...entry, modifyIndex: 0 })
    contents.set(entry, content)
  }
  return content
}

/** Made once per entry: a service of 10,000 instances is compared whole at each of its changes. */
const contents = new WeakMap<Entry, string>()
