import type { Endpoint } from '../model/endpoint.ts'
import { changedRange } from './changed-range.ts'

/** A stretch of a service's endpoints; everything made of one is kept as long as it stays the same. */
export type Stretch = { readonly endpoints: readonly Endpoint[] }

/** Stretches that stay, at the start and at the end, and between them lists to make new ones of. */
export type Cut<P> = {
  readonly head: readonly P[]
  readonly replaced: readonly P[]
  readonly fresh: readonly (readonly Endpoint[])[]
  readonly tail: readonly P[]
}

/**
 * Cuts the endpoints of a service into stretches of some dozens, of which those of `before` that are
 * still there are kept: so one change among 10,000 endpoints concerns one stretch. Where a stretch
 * ends is told by the id of its last endpoint alone, so that the cuts are the same whatever came
 * before. `old`: the endpoints of `before`, in one list.
 */
export function cut<P extends Stretch>(
  before: readonly P[],
  old: readonly Endpoint[],
  endpoints: readonly Endpoint[],
): Cut<P> {
  const { start, endBefore } = changedRange(old, endpoints)
  const isSame = start === endBefore && old.length === endpoints.length
  if (isSame) return { head: before, replaced: [], fresh: [], tail: [] }
  let heads = 0
  let headLength = 0
  for (const piece of before) {
    const end = headLength + piece.endpoints.length
    if (end > start || !isClosed(piece.endpoints)) break
    heads += 1
    headLength = end
  }
  let tailAt = before.length
  let tailLength = 0
  for (; tailAt > heads; tailAt -= 1) {
    const length = before[tailAt - 1]?.endpoints.length ?? 0
    if (old.length - tailLength - length < endBefore) break
    tailLength += length
  }
  // What stays before a kept stretch must end as a stretch does; else that one goes on with it.
  const lastFresh = endpoints[endpoints.length - tailLength - 1]
  const isOpen = headLength + tailLength < endpoints.length && !endsStretch(lastFresh)
  if (isOpen && tailAt < before.length) {
    tailLength -= before[tailAt]?.endpoints.length ?? 0
    tailAt += 1
  }
  return {
    head: before.slice(0, heads),
    replaced: before.slice(heads, tailAt),
    fresh: stretchesOf(endpoints.slice(headLength, endpoints.length - tailLength)),
    tail: before.slice(tailAt),
  }
}

function stretchesOf(endpoints: readonly Endpoint[]): (readonly Endpoint[])[] {
  const stretches: (readonly Endpoint[])[] = []
  let start = 0
  for (const [index, endpoint] of endpoints.entries()) {
    if (!endsStretch(endpoint) && index < endpoints.length - 1) continue
    stretches.push(endpoints.slice(start, index + 1))
    start = index + 1
  }
  return stretches
}

function isClosed(endpoints: readonly Endpoint[]): boolean {
  return endsStretch(endpoints.at(-1))
}

/** One of 64 endpoints, picked by a hash of its id (FNV-1a). */
function endsStretch(endpoint: Endpoint | undefined): boolean {
  if (endpoint === undefined) return true
  const { id } = endpoint
  let hash = 0x811c9dc5
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193)
  return ((hash ^ (hash >>> 15)) & 63) === 0
}
