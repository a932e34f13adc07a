import type { HaproxyControl } from '../control.ts'
import type { Bind } from './binds.ts'

/** A HAProxy that can be started and whose text is kept on disk: what the apply stage works on. */
export type HaproxyRunner = HaproxyControl & {
  readonly isRunning: boolean
  /** Pid of the current worker, 0 when none runs; another one after each reload and start. */
  readonly workerPid: number
  /** `2.6.12`; of the running HAProxy, else of the program. */
  readonly version: string
  /** The file that HAProxy loads at start and at each reload. */
  readonly configPath: string
  /** Whether the worker runs the text on disk (plus what was read back from it), by the record kept. */
  readonly isTextKnown: boolean
  /** Starts HAProxy with the text on disk; resolves when a worker answers. */
  start(): Promise<void>
  /** Looks which worker runs now: someone else may have reloaded HAProxy. */
  refresh(): Promise<void>
  /** Keeps on disk that it is not known which text the worker runs: before files are replaced for a reload. */
  forgetText(): Promise<void>
  /** Keeps on disk that the worker runs the text on disk. */
  confirmText(): Promise<void>
  /** Throws `address_in_use` or `address_unavailable`; never tries what the running HAProxy listens on. */
  probeBinds(binds: readonly Bind[]): Promise<void>
}
