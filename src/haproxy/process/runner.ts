import type { HaproxyControl } from '../control.ts'
import type { Bind } from './binds.ts'

/** A HAProxy that can be started and whose text is kept on disk: what the apply stage works on. */
export type HaproxyRunner = HaproxyControl & {
  readonly isRunning: boolean
  /** Whether it is started and ended by fairlead; else it is waited for, and `start` throws. */
  readonly isOurs: boolean
  /** Pid of the current worker, 0 when none runs; another one after each reload and start. */
  readonly workerPid: number
  /** Another number for each worker that was seen, where pids do not tell them apart: a container's. */
  readonly workerNumber?: number
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

/** What tells a worker from those before and after it; what is known of one is not known of another. */
export function workerOf({ workerNumber, workerPid }: HaproxyRunner): number {
  return workerNumber ?? workerPid
}

/** The one HAProxy of a daemon: started by it, or by somebody else. */
export type HaproxyInstance = HaproxyRunner & {
  /** 0 when it is down, or not known. */
  readonly masterPid: number
  /** It ran before this process. */
  readonly isAdopted: boolean
  /** Reloads that this process did. */
  readonly reloads: number
  /**
   * Calls back when it has ended without being told to; one that is not ours also when it is back, or
   * was reloaded by somebody else. Gives back the release.
   */
  onExit(callback: () => void): () => void
  /** After a change by commands is kept on disk: keeps that the worker runs what is there now. */
  keepText(): Promise<void>
  /** Ends it gracefully where it is ours. */
  stop(graceMs: number): Promise<void>
  /** Stops watching and leaves it running. */
  close(): void
}
