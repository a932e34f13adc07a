/** Limits of how few servers a file may come to have. */
export type ServerLimits = {
  readonly leastServers: number
  /** 0 to 1; 1: no limit. */
  readonly largestDrop: number
}

/** Why a new text has too few lines that begin with `server`; undefined: it has enough. */
export function serverLoss(
  live: string | undefined,
  text: string,
  { leastServers, largestDrop }: ServerLimits,
): string | undefined {
  if (leastServers <= 0 && largestDrop >= 1) return undefined
  const count = countServers(text)
  if (count < leastServers) return `${count} servers, the least is ${leastServers}`
  const before = live === undefined ? 0 : countServers(live)
  if (before === 0 || (before - count) / before <= largestDrop) return undefined
  const percent = Math.round(largestDrop * 100)
  return `${count} servers where ${before} were, at most ${percent} % may vanish at once`
}

function countServers(text: string): number {
  return text.match(/^[ \t]*server[ \t]/gm)?.length ?? 0
}
