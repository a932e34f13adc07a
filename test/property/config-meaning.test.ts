import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { capabilitiesOf } from '../../src/haproxy/capabilities.ts'
import { isSameMeaning } from '../../src/haproxy/config/meaning.ts'
import { parseConfig } from '../../src/haproxy/config/parse.ts'
import { printConfig } from '../../src/haproxy/config/print.ts'
import { planChanges } from '../../src/haproxy/diff/plan-changes.ts'
import type { Plan } from '../../src/haproxy/diff/plan.ts'
import { configWords, dice, write } from '../support/config-writings.ts'
import type { SectionWords } from '../support/config-writings.ts'
import { modelOf, readBack } from '../support/diff-interpreter.ts'

const version = fc.constantFrom('2.6.12', '3.0.11', '3.4.7')

function plan(from: string, to: string, version: string): Plan {
  const state = { config: from, files: new Map(), servers: new Map() }
  const base = { ...state, servers: readBack(modelOf(state)) }
  return planChanges(base, { ...state, config: to }, capabilitiesOf(version))
}

describe('two writings of one configuration', () => {
  it('are equal, and nothing is planned between them', () => {
    fc.assert(
      fc.property(configWords, dice, dice, version, (sections, throws, others, on) => {
        const [from, to] = [write(sections, throws), write(sections, others)]
        expect(isSameMeaning(from, to)).toBe(true)
        expect(plan(from, to, on)).toEqual({ kind: 'none', changes: [] })
        expect(printConfig(parseConfig(from))).toBe(from)
      }),
      { numRuns: 1_000 },
    )
  })

  it('hold the words that were written', () => {
    fc.assert(
      fc.property(configWords, dice, (sections, throws) => {
        const words = parseConfig(write(sections, throws)).sections.map(({ header, lines }) =>
          JSON.stringify([header, ...lines].map((line) => line.words.map(plain)).filter(isAny)),
        )
        const wanted = sections.map(({ header, lines }) => JSON.stringify([header, ...lines]))
        expect(words.toSorted()).toEqual(wanted.toSorted())
      }),
    )
  })
})

describe('a configuration with another word, line or section', () => {
  it('is another one, and something is planned', () => {
    fc.assert(
      fc.property(configWords, dice, dice, version, (sections, throws, others, on) => {
        const changed = change(sections, others)
        fc.pre(changed !== undefined)
        const [from, to] = [write(sections, throws), write(changed, others)]
        expect(isSameMeaning(from, to)).toBe(false)
        expect(plan(from, to, on).kind).not.toBe('none')
      }),
      { numRuns: 1_000 },
    )
  })
})

const isAny = (words: readonly string[]): boolean => words.length > 0
const plain = (word: string): string => word.replaceAll('\0+', '')

/** One word more or another, one line less, one section less. */
function change(
  sections: readonly SectionWords[],
  throws: Iterator<number>,
): SectionWords[] | undefined {
  const pick = (items: readonly unknown[]): number => (throws.next().value ?? 0) % items.length
  const at = pick(sections)
  const section = sections[at]
  if (section === undefined) return undefined
  const all = [[...section.header], ...section.lines.map((words) => [...words])]
  const line = pick(all)
  const words = all[line] ?? []
  const how = pick(['word', 'more', 'line', 'section'])
  if (how === 3) {
    // Named defaults that nothing takes its settings from make no difference.
    const isNamed = section.header[0] === 'defaults' && section.header.length > 1
    return isNamed ? undefined : sections.toSpliced(at, 1)
  }
  if (how === 2 && line > 0) all.splice(line, 1)
  else if (how === 1 || line === 0) words.push('z')
  else {
    const index = pick(words)
    words[index] = `${words[index] ?? ''}z`
  }
  const [header = [], ...lines] = all
  return sections.toSpliced(at, 1, { header, lines })
}
