import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { execute, parseTemplate } from '../../src/template/go/template.ts'
import { valueOfJson } from '../../src/template/go/values.ts'
import { TemplateError } from '../../src/template/template-error.ts'

/** What Go's own text/template gave for a template and a value. */
type Case = {
  readonly name: string
  readonly template: string
  /** Which of the file's values it was executed with. */
  readonly value: number
  readonly missingkey?: 'default' | 'invalid' | 'zero' | 'error'
  readonly left?: string
  readonly right?: string
} & ({ readonly expected: string } | { readonly error: string; readonly stage: 'parse' | 'exec' })

type Cases = { readonly values: readonly unknown[]; readonly cases: readonly Case[] }

const casesIn = (file: string): Cases =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'go-template', file), 'utf8')) as Cases

function render(testCase: Case, values: readonly unknown[]): string {
  const { template, left = '', right = '', missingkey = 'default' } = testCase
  const parsed = parseTemplate('', template, {
    leftDelim: left,
    rightDelim: right,
    missingKey: missingkey === 'invalid' ? 'default' : missingkey,
  })
  return execute(parsed, valueOfJson(values[testCase.value]))
}

function errorOf(render: () => string): TemplateError {
  try {
    return expect.fail(`no error, but ${JSON.stringify(render())}`)
  } catch (error) {
    if (error instanceof TemplateError) return error
    throw error
  }
}

describe.each(['language.json', 'values.json', 'fmt.json', 'generated.json'])(
  "Go's results in %s",
  (file) => {
    const { values, cases } = casesIn(file)
    it.each(cases)('$name: $template', (testCase) => {
      if ('expected' in testCase) {
        expect(render(testCase, values)).toBe(testCase.expected)
        return
      }
      const { code, message } = errorOf(() => render(testCase, values))
      expect(message).toBe(testCase.error)
      expect(code).toBe(testCase.stage === 'parse' ? 'template_syntax' : 'template_failed')
    })
  },
)
