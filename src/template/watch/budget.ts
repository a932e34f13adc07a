/** Requests at a time. An agent allows 200 connections from one address, others' among them. */
export type Budget = {
  readonly all: number
  /** Those that are answered at once: a change must never wait for a long poll to end. */
  readonly reads: number
  readonly longPolls: number
}

const fewestRequests = 24
const mostReads = 8
/** Beside nodes, while services are read together. */
const fewestOthers = 4
const mostOthers = 13

export function budgetOf(mostRequests: number): Budget {
  const all = Math.max(fewestRequests, mostRequests)
  return { all, reads: mostReads, longPolls: all - mostReads }
}

/**
 * How many nodes have a watch of their own while services are read together, beside so many other
 * long polls; these go round where there is no room for each.
 */
export function watchedNodes({ longPolls }: Budget, others: number): number {
  // One more is on the list of nodes, and one on the checks.
  const left = Math.min(mostOthers, Math.max(fewestOthers, others + 1))
  return longPolls - left - 1
}
