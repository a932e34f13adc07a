import { array, assert, constantFrom, oneof, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { execute, parseTemplate } from '../../src/template/go/template.ts'
import { valueOfJson } from '../../src/template/go/values.ts'
import { TemplateError } from '../../src/template/template-error.ts'

const value = valueOfJson({
  s: 'héllo',
  i: 42,
  f: 3.5,
  t: true,
  l: [1, 'two', null, [3]],
  m: { a: 1, b: { c: 'deep' } },
  n: null,
})

const fragments = [
  ['{{', '}}', '{{- ', ' -}}', '{{/*', '*/}}', ' ', '\n', '|', '(', ')', ':=', '=', ',', '.'],
  ['if ', 'with ', 'range ', 'define ', 'template ', 'block ', '{{end}}', '{{else}}', 'else'],
  ['{{if .t}}', '{{range .l}}', '{{range $k, $v := .m}}', '{{with .m}}', '{{break}}'],
  ['$', '$x', '$x := 1', '.s', '.i', '.f', '.l', '.m', '.m.b.c', '.n', '.nope', 'nil', 'true'],
  ['1', '-7', '0x1F', '1e3', '1i', "'a'", '"text"', '`raw`', '"\\xff"', '"%5.2f|%d"'],
  ['print ', 'printf ', 'println ', 'index ', 'slice ', 'len ', 'eq ', 'lt ', 'and ', 'or '],
  ['not ', 'call ', 'html ', 'js ', 'urlquery '],
].flat()

/** Pieces of which templates are made, so that many of the texts can be parsed. */
const piece = oneof(constantFrom(...fragments), string({ unit: 'binary', maxLength: 3 }))

/** The error of parsing and executing a text, if there is one. */
function errorOf(text: string): unknown {
  try {
    execute(parseTemplate('t', text), value)
    return undefined
  } catch (error) {
    return error
  }
}

const isUsual = (error: unknown): boolean => error === undefined || error instanceof TemplateError

describe('any text as a template', () => {
  it('gives output or a TemplateError, never another error', () => {
    const text = array(piece, { maxLength: 25 }).map((pieces) => pieces.join(''))
    assert(
      property(text, (template) => isUsual(errorOf(template))),
      { numRuns: 3000 },
    )
  })

  it('gives output or a TemplateError when it is one action', () => {
    const text = array(piece, { maxLength: 6 }).map((pieces) => `{{${pieces.join(' ')}}}`)
    assert(
      property(text, (template) => isUsual(errorOf(template))),
      { numRuns: 3000 },
    )
  })

  it('may be nested as deep as it likes', () => {
    const pairs = [
      ['(', ')', 250],
      ['not (', ')', 250],
      ['}}{{if true', '}}{{end', 900],
      ['}}{{range .l}}{{with .', '}}{{end}}{{end', 450],
    ] as const
    for (const [open, close, possible] of pairs) {
      const text = (count: number) => `{{ ${open.repeat(count)} 1 ${close.repeat(count)} }}`
      expect(errorOf(text(5000)), open).toBeInstanceOf(TemplateError)
      expect(isUsual(errorOf(text(possible))), open).toBe(true)
    }
    expect(errorOf(`{{${'('.repeat(250)}1${')'.repeat(250)}}}`)).toBeUndefined()
  })
})

describe('printf', () => {
  it('gives a text for any format and any operands', () => {
    const verbs = string({
      unit: constantFrom(...Array.from('%+-# 0123456789.*[]vTtbcdoOqxXUeEfFgGsp!é')),
    })
    const operands = array(constantFrom('.s', '.i', '.f', '.t', '.l', '.m', '.n', '-3', '"x"'))
    assert(
      property(verbs, operands, (format, given) => {
        const template = `{{printf ${JSON.stringify(format)} ${given.join(' ')}}}`
        return errorOf(template) === undefined
      }),
      { numRuns: 3000 },
    )
  })
})
