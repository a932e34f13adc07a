import { describe, expect, it } from 'vitest'
import { goFunction } from './functions.ts'
import { execute, parseTemplate } from './template.ts'
import { stringType } from './types.ts'
import { valueOfJson } from './values.ts'

/** The pieces of output, each with the text of the template from where it was written. */
function pieces(text: string, value: unknown = null): readonly (readonly [string, string])[] {
  const told: [string, string][] = []
  const template = parseTemplate('t', text, {
    functions: { run: goFunction([stringType], () => null) },
  })
  const output = execute(template, valueOfJson(value), {
    functions: ({ execute }) => ({ run: goFunction([stringType], (name) => execute(name, null)) }),
    onText: (piece, position) => told.push([piece, text.slice(position, position + 5)]),
  })
  expect(told.map(([piece]) => piece).join('')).toBe(output)
  return told
}

describe('what is told of each piece of output', () => {
  it('is the place of the text or action that wrote it', () => {
    expect(pieces('one {{ .a }}\n{{- printf "%d" 2 }}', { a: 'A' })).toEqual([
      ['one ', 'one {'],
      ['A', '.a }}'],
      ['2', 'print'],
    ])
  })

  it('is the same place each time around a range', () => {
    expect(pieces('{{range .}}<{{.}}>{{end}}', [1, 2])).toEqual([
      ['<', '<{{.}'],
      ['1', '.}}>{'],
      ['>', '>{{en'],
      ['<', '<{{.}'],
      ['2', '.}}>{'],
      ['>', '>{{en'],
    ])
  })

  it('is the place in a defined template, but the call of one that a function executes', () => {
    const text = '{{define "x"}}inner{{end}}{{template "x"}}{{run "x"}}'
    expect(pieces(text)).toEqual([
      ['inner', 'inner'],
      ['inner', 'run "'],
    ])
  })

  it('leaves out what is empty', () => {
    expect(pieces('{{$x := 1}}{{""}}')).toEqual([])
  })
})
