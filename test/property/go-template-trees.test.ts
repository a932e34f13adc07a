import { array, assert, constant, constantFrom, letrec, oneof, property, record } from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Limits } from '../../src/template/go/limits.ts'
import { printTrees } from '../../src/template/go/print-trees.ts'
import { execute, parseTemplate } from '../../src/template/go/template.ts'
import type { Template } from '../../src/template/go/template.ts'
import { valueOfJson } from '../../src/template/go/values.ts'
import { TemplateError } from '../../src/template/template-error.ts'

const value = valueOfJson({
  n: 3,
  s: 'héllo',
  l: [1, [2, 3], 'x', { k: 'v' }],
  m: { b: 1, a: { c: [1, 2] } },
})

const joined = (...parts: Arbitrary<string>[]): Arbitrary<string> =>
  record(Object.fromEntries(parts.map((part, index) => [String(index), part]))).map((made) =>
    Object.values(made).join(''),
  )

const text = array(constantFrom('a', '{', '}', ' ', '\n', 'é', '-', '\u{dcff}', '%'), {
  maxLength: 4,
}).map((characters) => characters.join('').replaceAll('{{', '{'))

const left = constantFrom('{{', '{{', '{{- ')
const right = constantFrom('}}', '}}', ' -}}')
const action = (inside: Arbitrary<string>): Arbitrary<string> => joined(left, inside, right)
const word = (it: string): Arbitrary<string> => constant(it)

/** Whole templates, most of which can be parsed and executed. */
const { body, pipe } = letrec<{ body: string; statement: string; pipe: string; term: string }>(
  (tie) => ({
    term: oneof(
      { maxDepth: 3, depthIdentifier: 'term' },
      constantFrom('.', '$', '.n', '.s', '.l', '.m', '.m.a.c', '$.l', '$.m.a', '.nope', 'true'),
      constantFrom(
        '1',
        '-7',
        '0x1F',
        '1e3',
        "'a'",
        '"text"',
        '`raw }}`',
        '"\\xff\\n"',
        '1i',
        '$.n',
      ),
      joined(word('('), tie('pipe'), word(')')),
      joined(word('('), tie('pipe'), word(').k')),
    ),
    pipe: oneof(
      { maxDepth: 3, depthIdentifier: 'pipe' },
      tie('term'),
      joined(constantFrom('print ', 'len ', 'not ', 'html ', 'printf "%d|%v" '), tie('term')),
      joined(
        constantFrom('eq ', 'and ', 'or ', 'index ', 'lt '),
        tie('term'),
        word(' '),
        tie('term'),
      ),
      joined(tie('term'), constantFrom(' | print', ' | printf "%q" 1', ' | len')),
    ),
    statement: oneof(
      { maxDepth: 3, depthIdentifier: 'statement' },
      text,
      text,
      action(tie('pipe')),
      action(joined(constantFrom('$x := ', '$y := '), tie('pipe'))),
      constantFrom('{{/* c */}}', '{{- /* c */ -}}', '{{template "d" .}}', '{{template "e"}}'),
      joined(
        action(joined(constantFrom('if ', 'with ', 'range ', 'range $i, $x := '), tie('pipe'))),
        tie('body'),
        oneof(constant(''), joined(word('{{else}}'), tie('body'))),
        action(word('end')),
      ),
      joined(word('{{if .n}}'), tie('body'), word('{{else if .s}}'), tie('body'), word('{{end}}')),
      joined(
        word('{{range .l}}'),
        tie('body'),
        constantFrom('{{break}}', '{{continue}}'),
        word('{{end}}'),
      ),
    ),
    body: array(tie('statement'), { maxLength: 4 }).map((statements) => statements.join('')),
  }),
)

const template = joined(
  oneof(constant(''), joined(word('{{define "d"}}'), body, word('{{end}}'))),
  body,
  oneof(constant(''), joined(word('{{block "e" .}}'), body, word('{{end}}'))),
)

function parsed(source: string): Template | undefined {
  try {
    return parseTemplate('t', source)
  } catch (error) {
    if (error instanceof TemplateError) return undefined
    throw error
  }
}

/** The trees without positions. */
function shapeOf({ trees }: Template): unknown {
  const withoutPosition = (key: string, part: unknown): unknown => {
    if (typeof part === 'bigint') return `${part}n`
    return key === 'at' ? undefined : part
  }
  const sorted = [...trees].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.parse(JSON.stringify(sorted, withoutPosition))
}

type Outcome = { readonly output: string } | { readonly message: string }

function outcomeOf(made: Template, limits: Partial<Limits> = { steps: 20_000 }): Outcome {
  try {
    return { output: execute(made, value, { limits }) }
  } catch (error) {
    if (error instanceof TemplateError) return { message: error.message }
    throw error
  }
}

describe('a template that can be parsed', () => {
  it('is generated often enough for this to say something', () => {
    let count = 0
    let outputs = 0
    assert(
      property(template, (source) => {
        const made = parsed(source)
        if (made === undefined) return
        count++
        if ('output' in outcomeOf(made)) outputs++
      }),
      { numRuns: 500, seed: 1 },
    )
    expect(count).toBeGreaterThan(150)
    expect(outputs).toBeGreaterThan(75)
  })

  it('printed, and parsed again, is the same', () => {
    assert(
      property(template, (source) => {
        const made = parsed(source)
        if (made === undefined) return
        const printed = printTrees(made.trees, 't')
        const again = parseTemplate('t', printed)
        expect(shapeOf(again)).toEqual(shapeOf(made))
        expect(printTrees(again.trees, 't')).toBe(printed)
      }),
      { numRuns: 1000 },
    )
  })

  it('gives the same each time, and the same as what is printed of it', () => {
    assert(
      property(template, (source) => {
        const made = parsed(source)
        if (made === undefined) return
        const outcome = outcomeOf(made)
        expect(outcomeOf(made)).toEqual(outcome)
        const again = outcomeOf(parseTemplate('t', printTrees(made.trees, 't')))
        if ('output' in outcome) expect(again).toEqual(outcome)
        else expect(again).toHaveProperty('message')
      }),
      { numRuns: 500 },
    )
  })

  it('stays within limits, and gives the same where they are not reached', () => {
    const limits = { steps: 200, outputBytes: 40, textBytes: 30, madeBytes: 300, depth: 5 }
    assert(
      property(template, (source) => {
        const made = parsed(source)
        if (made === undefined) return
        const bounded = outcomeOf(made, limits)
        if ('output' in bounded) {
          expect(Buffer.byteLength(bounded.output)).toBeLessThanOrEqual(limits.outputBytes)
          expect(bounded).toEqual(outcomeOf(made))
          return
        }
        const isLimit = / more than \d+ |template depth/.test(bounded.message)
        if (!isLimit) expect(bounded).toEqual(outcomeOf(made))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a pipeline', () => {
  it('printed in an error message, and parsed again, is the same', () => {
    assert(
      property(pipe, (source) => {
        const made = parsed(`{{${source}}}`)
        if (made === undefined) return
        expect(shapeOf(parseTemplate('t', printTrees(made.trees, 't')))).toEqual(shapeOf(made))
      }),
      { numRuns: 1000 },
    )
  })
})
