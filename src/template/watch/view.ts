import type { Dependency } from '../dependency.ts'
import { digestFor, type AnyAnswer, type Digest } from './digest.ts'
import type { SavedAnswer } from './snapshot.ts'
import type { Topic } from './topic.ts'

/** A topic that is followed: the dependencies on it and what they have got. */
export class View {
  readonly topic: Topic
  readonly #digest: Digest
  readonly #dependencies = new Map<string, Dependency>()
  readonly #answers = new Map<string, AnyAnswer>()
  #hasContent = false

  constructor(topic: Topic, first: Dependency) {
    this.topic = topic
    this.#digest = digestFor(first)
  }

  get isUnused(): boolean {
    return this.#dependencies.size === 0
  }

  /** Consul, or the disk, has answered. */
  get hasContent(): boolean {
    return this.#hasContent
  }

  get dependencies(): Iterable<Dependency> {
    return this.#dependencies.values()
  }

  recall(name: string): AnyAnswer | undefined {
    return this.#answers.get(name)
  }

  /** One more depends on it; whether its answer is there already. */
  add(dependency: Dependency): boolean {
    this.#dependencies.set(dependency.name, dependency)
    return this.#hasContent && this.#refresh(dependency)
  }

  remove(name: string): void {
    this.#dependencies.delete(name)
    this.#answers.delete(name)
  }

  /** What all of them have got. */
  *answers(): Generator<SavedAnswer> {
    for (const { name, kind } of this.#dependencies.values()) {
      const answer = this.#answers.get(name)
      if (answer !== undefined) yield { name, kind, answer }
    }
  }

  /** Takes a newer answer; the dependencies that it changes something for. */
  take(value: unknown): readonly Dependency[] {
    this.#hasContent = true
    this.#digest.take(value)
    return [...this.#dependencies.values()].filter((dependency) => this.#refresh(dependency))
  }

  #refresh(dependency: Dependency): boolean {
    const before = this.#answers.get(dependency.name)
    const after = this.#digest.answer(dependency, before)
    if (after === undefined || after === before) return false
    this.#answers.set(dependency.name, after)
    return true
  }
}
