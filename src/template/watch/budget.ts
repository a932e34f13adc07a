/** Requests at a time. An agent allows 200 connections from one address, others' among them. */
export type Budget = {
  readonly all: number
  /** Those that are answered at once: a change must never wait for a long poll to end. */
  readonly reads: number
  readonly longPolls: number
  /** Of the long polls, when services are read together: nodes with a watch of their own. */
  readonly nodes: number
}

const fewestRequests = 24
const mostReads = 8
/** What is left for other long polls beside the nodes, while services are read together. */
const mostOthers = 13

export function budgetOf(mostRequests: number): Budget {
  const all = Math.max(fewestRequests, mostRequests)
  const longPolls = all - mostReads
  // One more watch is on the checks.
  return { all, reads: mostReads, longPolls, nodes: longPolls - mostOthers - 1 }
}
