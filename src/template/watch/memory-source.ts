import type { AnswerOf } from '../catalogue.ts'
import type { DependencyFailure, DependencySource, WatchEvent } from '../contract.ts'
import type { Dependency } from '../dependency.ts'
import { Events } from './events.ts'

/**
 * A source in memory: it knows what `set` said. What is not followed is not told of, but kept, as
 * Consul keeps it; it is known as soon as it is followed.
 */
export class MemorySource implements DependencySource {
  readonly #answers = new Map<string, AnswerOf[Dependency['kind']]>()
  readonly #events = new Events()
  #followed: ReadonlyMap<string, Dependency> = new Map()
  #follows = 0

  /** What is followed now, by name. */
  get followed(): ReadonlyMap<string, Dependency> {
    return this.#followed
  }

  /** How many times `follow` was called. */
  get follows(): number {
    return this.#follows
  }

  /** What a dependency gives from now on; the same object again is no change. */
  set<D extends Dependency>(dependency: D, answer: AnswerOf[D['kind']]): void {
    const isSame = this.#answers.get(dependency.name) === answer
    this.#answers.set(dependency.name, answer)
    if (!isSame && this.#followed.has(dependency.name)) this.#events.changed([dependency])
  }

  /** It has no answer any more; nobody is told, as nobody is when Consul goes away. */
  forget({ name }: Dependency): void {
    this.#answers.delete(name)
  }

  /** As if asking for it had failed. */
  fail(failure: DependencyFailure): void {
    this.#events.failed(failure)
  }

  recall<D extends Dependency>({ name }: D): AnswerOf[D['kind']] | undefined {
    if (!this.#followed.has(name)) return undefined
    return this.#answers.get(name) as AnswerOf[D['kind']] | undefined
  }

  follow(dependencies: Iterable<Dependency>): void {
    this.#follows++
    const before = this.#followed
    this.#followed = new Map([...dependencies].map((each) => [each.name, each]))
    const isNews = ({ name }: Dependency) => !before.has(name) && this.#answers.has(name)
    this.#events.changed([...this.#followed.values()].filter(isNews))
  }

  onEvent(listener: (event: WatchEvent) => void): void {
    this.#events.listen(listener)
  }

  close(): void {
    this.#events.close()
  }
}
