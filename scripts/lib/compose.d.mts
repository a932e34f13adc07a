export type FoundCompose = {
  readonly line: '1.29' | '2'
  /** Run as `program ARGUMENTS`, with no `compose` in front of them. */
  readonly program: string
  readonly version: string
}

/** Those that are on this machine. */
export function findComposes(): readonly FoundCompose[]

/** Brings those that are missing. Throws SetupError. */
export function ensureComposes(): Promise<void>
