import type { DependencySource, Knowledge } from '../contract.ts'
import type { Dependency } from '../dependency.ts'

/** How several programs share the work of asking Consul (`deduplicate`); by a template's index. */
export type Sharing = {
  /** Whether this program asks for this template. */
  isLeader(index: number): boolean
  /** What others have asked for this template. */
  knowledgeOf(index: number): Knowledge
  /** Gives others what this template was evaluated with. */
  publish(index: number, used: readonly Dependency[], knowledge: Knowledge): void
  /** Begins; the listener is told of templates of which the leader or the answers are others now. */
  start(onChange: (index: number) => void): void
  /** Leadership is given up. */
  close(): Promise<void>
}

/** What a template that another program asks for is evaluated with is of that program, but files. */
export function knowledgeFor(
  source: DependencySource,
  sharing: Sharing | undefined,
): (index: number) => Knowledge {
  if (sharing === undefined) return () => source
  return (index) => ({
    recall(dependency) {
      const isOwn = dependency.kind === 'file' || sharing.isLeader(index)
      return (isOwn ? source : sharing.knowledgeOf(index)).recall(dependency)
    },
  })
}
