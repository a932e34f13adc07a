import { expect, it } from 'vitest'
import { keyDependency } from '../../../test/support/runner-bench.ts'
import type { Surroundings } from '../contract.ts'
import { createProgram, type Program } from '../render/program.ts'
import { MemorySource } from '../watch/memory-source.ts'
import { Rounds } from './rounds.ts'

const surroundings: Surroundings = {
  environment: () => undefined,
  now: () => new Date(0),
  workingFolder: '/',
  sandboxPath: undefined,
  hasEffects: false,
}

const program = (text: string): Program => createProgram(text, { name: 't', surroundings })

function roundsOf(...texts: readonly string[]): { rounds: Rounds; source: MemorySource } {
  const source = new MemorySource()
  return { rounds: new Rounds(texts.map(program), () => source), source }
}

const namesOf = (dependencies: Iterable<{ readonly name: string }>): readonly string[] =>
  [...dependencies].map(({ name }) => name)

it('asks for what answers lead to, and then for nothing that is not used any more', () => {
  const { rounds, source } = roundsOf('{{key (key "a")}}')
  const follow = (): readonly string[] => {
    source.follow(rounds.usedBy([0]))
    return [...source.followed.keys()]
  }
  expect(rounds.evaluate(0)).toEqual({ kind: 'waiting' })
  expect(follow()).toEqual(['kv.block(a)'])
  source.set(keyDependency('a'), 'b')
  rounds.evaluate(0)
  expect(follow()).toEqual(['kv.block(a)', 'kv.block(b)'])
  source.set(keyDependency('b'), 'x')
  expect(rounds.evaluate(0)).toEqual({ kind: 'rendered', text: 'x' })
  source.set(keyDependency('a'), 'c')
  rounds.evaluate(0)
  expect(follow()).toEqual(['kv.block(a)', 'kv.block(c)'])
  expect(namesOf(rounds.missing())).toEqual(['kv.block(c)'])
})

it('lets templates go on by themselves, and knows whom a change concerns', () => {
  const { rounds, source } = roundsOf('{{key "a"}}', '{{key "b"}}', 'none')
  source.set(keyDependency('b'), '2')
  for (const index of [0, 1, 2]) rounds.evaluate(index)
  source.follow(rounds.usedBy([0, 1, 2]))
  expect(rounds.evaluate(1)).toEqual({ kind: 'rendered', text: '2' })
  expect(rounds.unrendered()).toEqual([0])
  expect(rounds.usersOf([keyDependency('b')])).toEqual([1])
  expect(rounds.usersOf([keyDependency('a'), keyDependency('b')])).toEqual([0, 1])
})

it('waits for half of what is missing before it is worthwhile to look again', () => {
  const { rounds, source } = roundsOf('{{key "a"}}{{key "b"}}{{key "c"}}{{key "d"}}')
  rounds.evaluate(0)
  source.follow(rounds.usedBy([0]))
  source.set(keyDependency('a'), '')
  expect(rounds.isWorthwhile(0)).toBe(false)
  source.set(keyDependency('b'), '')
  expect(rounds.isWorthwhile(0)).toBe(true)
})

it('takes an error for a lack of answers while some are missing', () => {
  const { rounds, source } = roundsOf('{{index (service "web") 0}}')
  expect(rounds.evaluate(0)).toEqual({ kind: 'waiting' })
  const [asked] = [...rounds.usedBy([0])]
  if (asked?.kind !== 'health.service') throw new Error('asked for something else')
  source.follow([asked])
  source.set(asked, [])
  expect(rounds.evaluate(0)).toMatchObject({ kind: 'failed' })
  expect(rounds.failed()).toEqual([0])
  expect(namesOf(rounds.usedBy([0]))).toEqual(['health.service(web|passing)'])
})
