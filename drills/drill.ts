import type { Second, Tally } from './account.ts'
import type { Stream } from './load/plan.ts'
import type { DrillStage, StageOptions } from './stage.ts'

/** What a drill may cost at most. */
export type Limits = {
  /** GETs that fail. */
  readonly failedGets: number
  /** POSTs that fail: nobody sends one twice, so those that were under way are lost. */
  readonly failedPosts: number
  /** Seconds from the fault until HAProxy chooses a dead server for the last time. */
  readonly quietSeconds?: number
  /** Seconds from the healing until exactly what runs gets requests. */
  readonly rightSeconds: number
}

/** A fault under load, and what it may cost. */
export type Drill = {
  readonly name: string
  /** What happens, as the table says it. */
  readonly title: string
  readonly stage: StageOptions
  /** Instead of 200 GETs, half of them kept-alive, and 20 POSTs a second. */
  readonly streams?: readonly Stream[]
  /** How long clients wait for an answer; 15 s without. */
  readonly patienceMs?: number
  /** Before the load. */
  prepare?(stage: DrillStage): Promise<void>
  /**
   * Brings the fault about. Resolves with whether the server of an address is dead from now on; nothing: none is.
   */
  fault(stage: DrillStage): Promise<((address: string) => boolean) | undefined>
  /** How long the fault lasts; ms. */
  readonly lastsMs: number
  heal?(stage: DrillStage): Promise<void>
  readonly limits: Limits
}

/** What a drill measured. */
export type Outcome = {
  readonly name: string
  readonly title: string
  readonly seconds: number
  readonly gets: Tally
  readonly posts: Tally
  /** From the last answer of a server that died to the last request that one was chosen for; undefined: no server died. */
  readonly quietSeconds: number | undefined
  readonly rightSeconds: number
  /** Who answered, by second; 0 is the fault. */
  readonly perSecond: readonly Second[]
  readonly limits: Limits
  /** One sentence for each limit that was missed; none: passed. */
  readonly missed: readonly string[]
}

type Measured = Omit<Outcome, 'missed'>

/** Which limits were missed. */
export function judge({ gets, posts, quietSeconds, rightSeconds, limits }: Measured): string[] {
  const missed: string[] = []
  const check = (what: string, measured: number, limit: number | undefined): void => {
    if (limit === undefined || measured <= limit) return
    missed.push(`${what}: ${Math.round(measured * 100) / 100}, at most ${limit}`)
  }
  check('failed GETs', gets.failed, limits.failedGets)
  check('failed POSTs', posts.failed, limits.failedPosts)
  check('seconds until the dead get nothing', quietSeconds ?? 0, limits.quietSeconds)
  check('seconds until all is right', rightSeconds, limits.rightSeconds)
  if (gets.sent === 0) missed.push('no GET was sent')
  return missed
}
