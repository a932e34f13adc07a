import { describe, expect, it } from 'vitest'
import type { Surroundings } from '../contract.ts'
import { readOfflineData } from './offline-knowledge.ts'
import { createProgram } from './program.ts'

const surroundings: Surroundings = {
  environment: () => undefined,
  now: () => new Date(0),
  workingFolder: '/nowhere',
  sandboxPath: undefined,
  hasEffects: false,
}

/** Each line of output with the line of the template that it is from. */
function traced(text: string): readonly string[] {
  const { knowledge, dot } = readOfflineData({
    names: ['a', 'b'],
    lines: 'x\ny',
    consul: { kv: { k: '1\n2\n' } },
  })
  const program = createProgram(text, { name: 't', surroundings })
  const origins = program.origins(knowledge, dot)
  const lines = program.render(knowledge, dot).text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  expect(origins).toHaveLength(lines.length)
  return lines.map((line, at) => `${origins[at]} ${line}`)
}

describe('the line of a template that a line of output comes from', () => {
  it('is its own in plain text', () => {
    expect(traced('one\n\n  two\nthree')).toEqual(['1 one', '2 ', '3   two', '4 three'])
  })

  it('is that inside the range which wrote it', () => {
    expect(traced('top\n{{range .names}}\n  server {{.}}\n{{end}}\nend\n')).toEqual([
      '1 top',
      '2 ',
      '3   server a',
      '2 ',
      '3   server b',
      '4 ',
      '5 end',
    ])
  })

  it('is that of the text when blanks are trimmed away', () => {
    expect(
      traced('top\n{{- range .names}}\n  server {{.}}\n{{- end}}\n\n{{- if true}}\nend{{end}}'),
    ).toEqual(['1 top', '3   server a', '3   server b', '7 end'])
  })

  it('is that of the action which wrote several lines', () => {
    expect(traced('a\n{{.lines}} c\n{{key "k"}}d')).toEqual([
      '1 a',
      '2 x',
      '2 y c',
      '3 1',
      '3 2',
      '3 d',
    ])
  })

  it('is that in a template which is called', () => {
    expect(traced('{{define "t"}}\n  inner\n{{end}}a\n{{template "t"}}')).toEqual([
      '3 a',
      '1 ',
      '2   inner',
    ])
  })
})
