/** Why the lab cannot be on this machine, in a sentence; undefined where it can. */
export function whyNoLab(): string | undefined

/** Brings what the lab needs; throws SetupError with what helps. */
export function ensureLab(): Promise<void>
