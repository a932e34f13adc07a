import type { Change, ReloadReason } from './plan.ts'

/**
 * The order of a plan. Traffic leaves dying servers first; only where a backend would have no
 * ready server left in between do the new ones come before. Entries of maps follow the servers and
 * backends they lead to, and go before a backend that ends: a name that leads nowhere falls silently
 * to the default backend. Certificates are there before what may want them, and go after it.
 */
export const stages = [
  'certificate',
  'setting',
  'leave',
  'adjust',
  'add-then-leave',
  'leave-after-add',
  'add',
  'add-backend',
  'map-set',
  'map-delete',
  'certificate-remove',
  'end-backend',
] as const

export type Stage = (typeof stages)[number]

export type Step = {
  readonly stage: Stage
  readonly change: Change
  /** `backend/server`, or a backend, to be deleted once its connections have ended. */
  readonly removal?: string
}

/** What part of a plan one comparison found. A reason for a reload overrules all commands. */
export type Findings = { readonly steps: Step[]; readonly reasons: ReloadReason[] }

/** The steps by stage, otherwise in the order they were found. */
export function inOrder(steps: readonly Step[]): Step[] {
  const byStage = new Map<Stage, Step[]>(stages.map((stage) => [stage, []]))
  for (const step of steps) byStage.get(step.stage)?.push(step)
  return stages.flatMap((stage) => byStage.get(stage) ?? [])
}
