import type { Candidate } from '../model/candidate.ts'

// How sources of candidates and the part that attaches HAProxy's container to networks talk to each
// other. A source asks whether HAProxy reaches a network, says which of its things would be reached
// there, and is told when the answer has become another.

/** A Docker network: the id counts (an overlay has the same one on every host of a swarm). */
export type NetworkRef = { readonly id: string; readonly name: string }

/** Whether HAProxy reaches addresses of one network. */
export type NetworkReach =
  /** Now. */
  | { readonly kind: 'reached' }
  /** Not yet: it is being attached, or will be as soon as something there is wanted. Hold back. */
  | { readonly kind: 'joining'; readonly why: string }
  /** Not: published port, or left out. It may be tried again; `onChange` tells. */
  | { readonly kind: 'refused'; readonly what: string; readonly hint: string }

/** How something has gone that was wanted on a network. */
export type Gone =
  /** Stopped or removed on purpose: the network may be removed by its owner in the same second. */
  | 'stopped'
  /** Ended by itself; it may be back in a moment. */
  | 'ended'

/**
 * The networks of HAProxy's container. All calls return at once and throw nothing.
 *
 * A source keeps this order for each of its things, without a pause (`await`) between: `want`, then
 * `reachOf`, then it makes the candidate by the answer. So a network is never left between the
 * answer and the candidate that relies on it.
 */
export type HaproxyNetworks = {
  /** HAProxy runs in a container of its own network namespace. False: a process of a host, or not known yet. */
  readonly isInContainer: boolean
  reachOf(network: NetworkRef): NetworkReach
  /**
   * A thing of a source (container id, task id, endpoint id) that is to get requests has an address
   * on this network. Replaces what was said of it before. Said also of networks that HAProxy is on
   * already, and of those that are refused: they are tried again.
   */
  want(source: string, key: string, network: NetworkRef): void
  /** The thing has gone, or wants no network any more. Nothing happens where none was wanted. */
  drop(source: string, key: string, gone: Gone): void
  /**
   * The thing has been asked to stop, and gets nothing new. Its network may be left while it is still
   * there, as soon as nothing of it is under way: whoever stops it may remove the network in the
   * moment after its end, and cannot while HAProxy is on it. Stays so for the thing, whatever is
   * wanted of it, until `retain` or `drop`.
   */
  release(source: string, key: string): void
  /** The thing has not stopped, or runs anew: it is wanted again. Gives whether it had been released. */
  retain(source: string, key: string): boolean
  /** After a complete list: everything that the source wanted under other keys has gone. */
  keepOnly(source: string, keys: ReadonlySet<string>): void
  /**
   * Calls back when `reachOf` may answer differently for a network; undefined: for all of them (and
   * `isInContainer`). Gives the function that ends it.
   */
  onChange(tell: (networkId: string | undefined) => void): () => void
}

/** All that a source needs to have HAProxy attached to where its candidates are. */
export type Joining = {
  readonly networks: HaproxyNetworks
  /** Resolves when it is known whether HAProxy is in a container, or the signal aborts. */
  ready(signal: AbortSignal): Promise<void>
  /** Some endpoint of it would get requests, as routing decides. */
  isOffered(candidate: Candidate): boolean
  /** HAProxy's container is on the daemon with this URL. */
  isHome(dockerUrl: string): boolean
  /** Where HAProxy's container reaches ports that its host publishes; undefined: not known. */
  gateway(): string | undefined
}
