import { answering } from './facts.ts'
import type { DoctorFacts, Finding } from './facts.ts'
import { judgeProgram } from './judge-program.ts'
import { judgeRunning } from './judge-running.ts'
import { judgeSockets } from './judge-sockets.ts'
import { judgeSurroundings } from './judge-surroundings.ts'
import { judgeText } from './judge-text.ts'

/** What there is to say about the facts, in the order in which it is best read. */
export function judge(facts: DoctorFacts): readonly Finding[] {
  const haproxy = answering(facts)
  return [
    ...judgeProgram(facts),
    ...judgeSockets(facts),
    ...(haproxy === undefined ? [] : judgeRunning(haproxy.observed, facts)),
    ...judgeText(facts),
    ...judgeSurroundings(facts),
  ]
}
