import type { Problem } from '../../model/problem.ts'
import type { Knowledge } from '../contract.ts'
import type { Dependency } from '../dependency.ts'
import type { Program } from '../render/program.ts'
import { RenderError } from '../render/render-error.ts'
import { locatedMessage } from './located-message.ts'

/** How the newest evaluation of a template ended. */
export type RenderState =
  /** Not evaluated yet, or with answers missing. */
  | { readonly kind: 'waiting'; readonly missing: readonly Dependency[] }
  | { readonly kind: 'failed'; readonly error: RenderError }
  | { readonly kind: 'rendered' }

type Last = {
  readonly used: readonly Dependency[]
  readonly answers: readonly unknown[]
}

/** So many names are told; the rest by their number. */
const mostTold = 5

/**
 * A template with what it last gave. What cannot be rendered now, since an answer is missing or an
 * evaluation stopped, leaves that as it was.
 */
export class RenderedTemplate {
  readonly program: Program
  #state: RenderState = { kind: 'waiting', missing: [] }
  #text: string | undefined
  #last: Last | undefined

  /** @param text what the template before it gave, which stays until this one gives something. */
  constructor(program: Program, text?: string) {
    this.program = program
    this.#text = text
  }

  get state(): RenderState {
    return this.#state
  }

  /** Undefined: never rendered. */
  get text(): string | undefined {
    return this.#text
  }

  /** What the newest evaluation asked for. */
  get used(): readonly Dependency[] {
    return this.#last?.used ?? []
  }

  /** Evaluates anew where an answer is another than at the last time. */
  render(knowledge: Knowledge): void {
    const last = this.#last
    if (last?.used.every((each, at) => knowledge.recall(each) === last.answers[at]) === true) return
    const { used, state } = this.#evaluate(knowledge)
    this.#last = { used, answers: used.map((each) => knowledge.recall(each)) }
    this.#state = state
  }

  #evaluate(knowledge: Knowledge): {
    readonly used: readonly Dependency[]
    readonly state: RenderState
  } {
    try {
      const { text, used, missing } = this.program.render(knowledge)
      if (missing.length > 0) return { used, state: { kind: 'waiting', missing } }
      this.#text = text
      return { used, state: { kind: 'rendered' } }
    } catch (error) {
      if (!(error instanceof RenderError)) throw error
      const { used, missing } = error
      // With all answers it may not stop there.
      if (missing.length > 0) return { used, state: { kind: 'waiting', missing } }
      return { used, state: { kind: 'failed', error } }
    }
  }

  problems(): readonly Problem[] {
    const where = `template ${this.program.name}`
    const hint = this.#text === undefined ? '' : 'what it gave before stays in force'
    if (this.#state.kind === 'failed') {
      return [{ where, what: locatedMessage(this.#state.error.message), hint }]
    }
    if (this.#state.kind === 'rendered' || this.#last === undefined) return []
    return [{ where, what: `waits for ${told(this.#state.missing)}`, hint }]
  }
}

function told(missing: readonly Dependency[]): string {
  const names = missing.slice(0, mostTold).map(({ name }) => name)
  const rest = missing.length - names.length
  return [...names, ...(rest > 0 ? [`${rest} more`] : [])].join(', ')
}
