import type { AnswerOf } from '../catalogue.ts'
import type { Knowledge } from '../contract.ts'
import type { Dependency } from '../dependency.ts'

/** What one evaluation asks for; each dependency is recorded once, in the order of first asking. */
export type Questions = {
  recall<D extends Dependency>(dependency: D): AnswerOf[D['kind']] | undefined
  waitFor(dependency: Dependency): void
  asked(): { readonly used: readonly Dependency[]; readonly missing: readonly Dependency[] }
}

/**
 * Asks what is known. The first answer to a question is kept: within one evaluation it does not
 * change.
 */
export function questionsTo(knowledge: Knowledge): Questions {
  const used = new Map<string, { readonly dependency: Dependency; readonly answer: unknown }>()
  const missing = new Map<string, Dependency>()
  return {
    recall<D extends Dependency>(dependency: D) {
      const earlier = used.get(dependency.name)
      // Dependencies of the same name are of the same kind.
      if (earlier !== undefined) return earlier.answer as AnswerOf[D['kind']] | undefined
      const answer = knowledge.recall(dependency)
      used.set(dependency.name, { dependency, answer })
      if (answer === undefined) missing.set(dependency.name, dependency)
      return answer
    },
    waitFor(dependency) {
      missing.set(dependency.name, dependency)
    },
    asked() {
      return {
        used: [...used.values()].map(({ dependency }) => dependency),
        missing: [...missing.values()],
      }
    },
  }
}
