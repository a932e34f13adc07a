import { messageOf } from '../../model/errors.ts'
import { deliver, type Refusal } from './deliver.ts'
import { RunnerError } from './errors.ts'
import { shownTemplate, type LoadedTemplate } from './load-templates.ts'
import type { Outcome, Rounds } from './rounds.ts'
import type { CommandRunner } from './run-commands.ts'
import type { RunnerParts } from './runner-parts.ts'

/** More than so many are worth a warning; consul-template's number. */
const manyDependencies = 128

type IndexedText = { readonly index: number; readonly text: string }

/** Does one round after the other: evaluates templates, says what is to be followed, writes files. */
export class Renderer {
  readonly #parts: RunnerParts
  readonly #rounds: Rounds
  readonly #commands: CommandRunner
  readonly #signal: AbortSignal
  readonly #refused = new Map<number, Refusal>()
  #hasWarned = false

  /** The signal ends it between two files. */
  constructor(parts: RunnerParts, rounds: Rounds, commands: CommandRunner, signal: AbortSignal) {
    this.#parts = parts
    this.#rounds = rounds
    this.#commands = commands
    this.#signal = signal
  }

  /** Templates of which the newest rendering was refused, by their index. */
  get refused(): ReadonlyMap<number, Refusal> {
    return this.#refused
  }

  /** Resolves to what was written, and the first fatal failure; that keeps no other from its file. */
  async renderAll(due: readonly number[]): Promise<{
    readonly written: readonly LoadedTemplate[]
    readonly failure: Error | undefined
  }> {
    const { renderings, mistake } = this.#evaluateAll(due)
    this.#follow()
    const { written, failure = mistake } = await this.#deliverAll(renderings)
    return { written, failure }
  }

  /** One that fails does not keep the others; the first that is fatal is told. */
  #evaluateAll(due: readonly number[]): {
    readonly renderings: readonly IndexedText[]
    readonly mistake: Error | undefined
  } {
    let mistake: Error | undefined
    const renderings = due.flatMap((index) => {
      const outcome = this.#evaluate(index)
      if (outcome.kind === 'rendered') return [{ index, text: outcome.text }]
      if (outcome.kind === 'failed' && this.#template(index).setting.isErrorFatal) {
        mistake ??= outcome.error
      }
      return []
    })
    return { renderings, mistake }
  }

  /** One that cannot be written does not keep the others; the first such failure is told. */
  async #deliverAll(renderings: readonly IndexedText[]): Promise<{
    readonly written: readonly LoadedTemplate[]
    readonly failure: Error | undefined
  }> {
    const written: LoadedTemplate[] = []
    let failure: Error | undefined
    for (const { index, text } of renderings) {
      if (this.#signal.aborted) break
      try {
        if (await this.#deliver(index, text)) written.push(this.#template(index))
      } catch (error) {
        if (!(error instanceof RunnerError)) throw error
        failure ??= error
      }
    }
    return { written, failure }
  }

  /** Whether its file was written. */
  async #deliver(index: number, text: string): Promise<boolean> {
    const delivery = await deliver(this.#template(index), text, {
      ...this.#parts,
      isDry: this.#parts.config.isDry,
      check: (...args) => this.#commands.check(...args),
    })
    if (delivery.kind === 'refused') this.#refused.set(index, delivery)
    else this.#refused.delete(index)
    return delivery.kind === 'written'
  }

  #evaluate(index: number): Outcome {
    const { log, sharing, source } = this.#parts
    const template = this.#template(index)
    const outcome = this.#rounds.evaluate(index)
    if (outcome.kind === 'waiting') {
      log.debug('runner', `${shownTemplate(template)}: not all answers are there yet`)
    } else if (outcome.kind === 'failed' && !template.setting.isErrorFatal) {
      log.err('runner', `${shownTemplate(template)}: ${messageOf(outcome.error)}`)
    } else if (outcome.kind === 'rendered' && sharing?.isLeader(index) === true) {
      sharing.publish(index, [...this.#rounds.usedBy([index])], source)
    }
    return outcome
  }

  #follow(): void {
    const { source, sharing, templates, log, onComplete } = this.#parts
    const isLed = (index: number): boolean => sharing?.isLeader(index) ?? true
    const all = [...templates.keys()]
    const led = this.#rounds.usedBy(all.filter(isLed))
    // Files are of this machine, whoever asks Consul.
    const others = [...this.#rounds.usedBy(all.filter((index) => !isLed(index)))]
    const used = [...led, ...others.filter(({ kind }) => kind === 'file')]
    source.follow(used)
    if (used.length > manyDependencies && !this.#hasWarned) {
      this.#hasWarned = true
      log.warn('runner', `${used.length} dependencies, more than ${manyDependencies}, are watched`)
    }
    if (this.#rounds.unrendered().length === 0 && this.#rounds.missing().length === 0) {
      onComplete(used)
    }
  }

  #template(index: number): LoadedTemplate {
    const template = this.#parts.templates[index]
    if (template === undefined) throw new RangeError(`there is no template ${index}`)
    return template
  }
}
