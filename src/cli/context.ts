import type { Settings } from '../settings/settings.ts'
import type { Surroundings } from '../settings/state-folder.ts'

/** All that a command may ask of the world around it; tests give their own. */
export type CliContext = Surroundings & {
  readonly cwd: string
  out(text: string): void
  err(text: string): void
  /** Width of the terminal; Infinity when output goes to a file or a program. */
  readonly columns: number
  readonly rows: number
  readonly hasColour: boolean
  /** Unix milliseconds. */
  now(): number
  /** Aborts at Ctrl-C, for commands that run until then. */
  untilInterrupted(): AbortSignal
  /** Runs the daemon until its end; its exit code. Loaded only when asked for. */
  runDaemon(settings: Settings): Promise<number>
  /** Ends a HAProxy that outlived its fairlead; false when there was none. */
  stopOrphan(stateFolder: string): Promise<boolean>
}
