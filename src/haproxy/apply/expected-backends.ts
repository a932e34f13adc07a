import type { RunningBackend } from '../control.ts'
import { parseBackends, showBackendsCommand } from '../runtime/backends.ts'
import { splitCommand } from '../runtime/words.ts'
import type { Expectation } from './expectation.ts'

/** From so many backends on, one listing of all is cheaper than one each. */
const manyBackends = 20

/** The backends that the commands make, publish and unpublish are there afterwards, just so. */
export function backendExpectationOf(commands: readonly string[]): Expectation {
  const expected = expectedAfter(commands)
  const questions =
    expected.size > manyBackends
      ? [showBackendsCommand()]
      : [...expected.keys()].map(showBackendsCommand)
  let read = new Map<string, RunningBackend>()
  return {
    questions,
    check(replies, removals) {
      read = new Map(questions.flatMap((_, index) => [...parseBackends(replies[index] ?? '')]))
      for (const [name, { isPublished }] of expected) {
        const is = read.get(name)
        if (is === undefined && removals.includes(name)) continue
        if (is === undefined) return `backend ${name} is missing`
        if (is.isPublished !== isPublished)
          return `backend ${name} is ${isPublished ? 'not' : 'still'} published`
      }
      return undefined
    },
    update({ backends }) {
      for (const name of expected.keys()) {
        const is = read.get(name)
        if (is === undefined) backends.delete(name)
        else backends.set(name, is)
      }
    },
  }
}

function expectedAfter(commands: readonly string[]): Map<string, RunningBackend> {
  const expected = new Map<string, RunningBackend>()
  for (const command of commands) {
    const [verb, noun, name = ''] = splitCommand(command)
    if (noun === 'backend') expected.set(name, { isPublished: verb === 'publish' })
  }
  return expected
}
