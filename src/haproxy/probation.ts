import { readFile, rm } from 'node:fs/promises'
import type { DesiredState } from '../model/desired-state.ts'
import { sweepTemporaries, writeFileAtomic } from '../support/atomic-file.ts'
import { Backoff } from '../support/backoff.ts'
import type { Clock } from '../support/clock.ts'
import { onlyUnwritable } from './apply/files.ts'
import { dropKept, restoreKept } from './apply/staged-files.ts'
import type { KeptFile } from './apply/staged-files.ts'
import type { Trial, Trials } from './apply/trial.ts'
import { structureKey } from './apply/structure-key.ts'
import { parseProbation } from './probation-record.ts'
import type { OpenProbation } from './probation-record.ts'
import { HaproxyError } from './runtime/errors.ts'
import type { OneAtATime } from './runtime/one-at-a-time.ts'

/** HAProxy ended, and the text it had just taken up is to blame. Code `haproxy_crashed`. */
export class HaproxyCrashedError extends HaproxyError {
  /** What the text had brought, for people. */
  readonly culprits: readonly string[]

  constructor(message: string, culprits: readonly string[], hint: string) {
    super('haproxy_crashed', message, { hint })
    this.culprits = culprits
  }
}

export type ProbationOptions = {
  /** The old contents are named in it while they are kept. */
  readonly recordPath: string
  readonly clock: Clock
  /** How long a new text has to last. */
  readonly forMs: number
  readonly haproxy: { readonly isRunning: boolean; readonly configPath: string }
  /** The lock that applies take. */
  readonly lock: OneAtATime
}

const firstPauseMs = 30_000
const mostPauseMs = 600_000
const firstRestartMs = 1_000
const mostRestartMs = 30_000

/**
 * Each text that HAProxy takes up is on probation for a while. If HAProxy ends within it the files of
 * before are put back, and that text is not tried again soon; a text without servers that come and go
 * (`structureKey`) is what is judged. The old contents stay on disk until then, named by a record, so
 * that a fairlead which starts meanwhile finds them.
 *
 * States: nothing → (begin) → staged → (loading) → (loaded) → open → (time is over) → nothing.
 * staged → (cancel, or a start of fairlead finds it) → as before. open → (crash) → held: nothing is
 * open and its text is refused until a pause is over. A text that comes while one is open joins it:
 * what is kept is what was there before the first of them.
 */
export class Probation implements Trials {
  readonly #options: ProbationOptions
  readonly #pauses = new Backoff(firstPauseMs, mostPauseMs, () => 0)
  #isLoaded = false
  #open: OpenProbation | undefined
  /** Whether `#open` is an earlier fairlead's, of whose HAProxy nobody knows why it ended. */
  #isInherited = false
  #loadedAtMs = -Infinity
  #held:
    | {
        readonly key: string
        readonly error: HaproxyCrashedError
        readonly atMs: number
        readonly forMs: number
      }
    | undefined
  #suspect: { readonly key: string; readonly reasons: readonly string[] } | undefined
  #quickEnds = 0
  #timer: AbortController | undefined

  constructor(options: ProbationOptions) {
    this.#options = options
  }

  get kept(): ReadonlySet<string> {
    return new Set(this.#open?.files.map(({ previous }) => previous))
  }

  /** The first time: finds what an earlier fairlead left, and undoes what it had only begun. */
  async load(): Promise<void> {
    if (this.#isLoaded) return
    const { recordPath, haproxy } = this.#options
    await sweepTemporaries(recordPath)
    const record = parseProbation(await readFile(recordPath, 'utf8').catch(() => ''))
    if (record.staged !== undefined) await restoreKept(record.staged)
    this.#open = record.open
    this.#isLoaded = true
    if (record.staged !== undefined) await this.#write()
    if (this.#open === undefined) return
    this.#isInherited = !haproxy.isRunning
    if (haproxy.isRunning) this.#watch()
  }

  async begin(
    files: readonly KeptFile[],
    reasons: readonly string[],
    desired: DesiredState,
  ): Promise<Trial> {
    const before = this.#open
    const key = structureKey(desired)
    // A start after a reload that HAProxy did not survive is for the reasons of that reload.
    const told = this.#suspect?.key === key ? this.#suspect.reasons : reasons
    const joined = new Set(before?.files.map(({ path }) => path))
    const added = files.filter(({ path }) => !joined.has(path))
    const { configPath } = this.#options.haproxy
    // With no text from before there is nothing to go back to.
    const isFirst = files.some(({ path, isNew }) => path === configPath && isNew)
    const isNothing = before === undefined && (files.length === 0 || isFirst)
    const next: OpenProbation | undefined = isNothing
      ? undefined
      : {
          files: [...(before?.files ?? []), ...added],
          reasons: [...new Set([...(before?.reasons ?? []), ...told])],
          key,
          tries: this.#isInherited ? (before?.tries ?? 0) + 1 : 1,
        }
    if (next !== undefined && files.length > 0) await this.#write(files)
    return {
      loading: async () => {
        if (next === undefined) return
        this.#open = next
        await this.#write()
      },
      loaded: () => {
        this.#isInherited = false
        this.#watch()
        return this.kept
      },
      cancel: async () => {
        this.#open = before
        // What a record says too much does no harm: there is nothing left to put back.
        if (next !== undefined) await this.#write().catch(onlyUnwritable)
      },
    }
  }

  async takeCrash(): Promise<HaproxyCrashedError | undefined> {
    const { clock, forMs } = this.#options
    const open = this.#open
    const lastedMs = clock.now() - this.#loadedAtMs
    this.#timer?.abort()
    if (open !== undefined && (!this.#isInherited || open.tries > 1)) {
      await restoreKept(open.files)
      this.#open = undefined
      await this.#write()
      this.#loadedAtMs = -Infinity
      return this.#hold(open.key, open.reasons, lastedMs)
    }
    const isQuick = lastedMs >= 0 && lastedMs < forMs
    if (!isQuick) {
      this.#quickEnds = 0
      return undefined
    }
    // The second time in a row it waits.
    const pauseMs =
      this.#quickEnds === 0
        ? 0
        : Math.min(mostRestartMs, firstRestartMs * 2 ** (this.#quickEnds - 1))
    if (lastedMs < pauseMs) {
      throw new HaproxyCrashedError(
        'HAProxy ended soon after its start, again and again',
        [],
        'its output in the state folder says why; it is started again in a moment',
      )
    }
    this.#quickEnds += 1
    return undefined
  }

  restarted(): void {
    this.#loadedAtMs = this.#options.clock.now()
  }

  blame(desired: DesiredState, reasons: readonly string[]): void {
    const key = structureKey(desired)
    const suspect = this.#suspect
    if (suspect?.key === key) this.#hold(key, suspect.reasons, 0)
    else this.#suspect = { key, reasons }
  }

  verdictOn(desired: DesiredState): HaproxyCrashedError | undefined {
    const held = this.#held
    if (held === undefined) return undefined
    const sinceMs = this.#options.clock.now() - held.atMs
    const isOver = sinceMs < 0 || sinceMs >= held.forMs
    return isOver || structureKey(desired) !== held.key ? undefined : held.error
  }

  close(): void {
    this.#timer?.abort()
  }

  #hold(key: string, reasons: readonly string[], lastedMs: number): HaproxyCrashedError {
    const forMs = this.#pauses.next()
    const soon = Number.isFinite(lastedMs) ? `${(lastedMs / 1000).toFixed(1)} s` : 'soon'
    const error = new HaproxyCrashedError(
      `HAProxy ended ${soon} after it took up a new configuration; the one before is back: ${reasons.join('; ')}`,
      reasons,
      `it is tried again in ${forMs / 1000} s, or when the configuration is another one`,
    )
    this.#held = { key, error, atMs: this.#options.clock.now(), forMs }
    this.#suspect = undefined
    return error
  }

  /** From now on it has to last. */
  #watch(): void {
    const { clock, forMs, lock, haproxy } = this.#options
    this.#loadedAtMs = clock.now()
    this.#timer?.abort()
    const timer = new AbortController()
    this.#timer = timer
    void clock.sleep(forMs, timer.signal).then(() =>
      lock.run(async () => {
        if (timer.signal.aborted || !haproxy.isRunning) return
        await this.#passed().catch(onlyUnwritable)
      }),
    )
  }

  async #passed(): Promise<void> {
    const open = this.#open
    this.#quickEnds = 0
    this.#suspect = undefined
    if (open === undefined) return
    this.#open = undefined
    if (this.#held?.key === open.key) {
      this.#held = undefined
      this.#pauses.reset()
    }
    await this.#write()
    await dropKept(open.files)
  }

  async #write(staged?: readonly KeptFile[]): Promise<void> {
    const { recordPath } = this.#options
    if (this.#open === undefined && staged === undefined) return rm(recordPath, { force: true })
    await writeFileAtomic(recordPath, `${JSON.stringify({ open: this.#open, staged })}\n`)
  }
}
