import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Knowledge, Rendering } from '../../src/template/contract.ts'
import { createProgram } from '../../src/template/render/program.ts'
import type { Program } from '../../src/template/render/program.ts'
import { TemplateError } from '../../src/template/template-error.ts'
import { knowledge, surroundings } from './consul-template/catalog.ts'

/** What consul-template did with a template, with the catalogue loaded. */
type Case = {
  readonly name: string
  readonly template: string
  /** The lines come in an order that Consul chose. */
  readonly orderFromServer?: boolean
} & (
  | { readonly outcome: 'ok'; readonly expected: string }
  | { readonly outcome: 'error'; readonly message: string }
  /** It waits for ever. */
  | { readonly outcome: 'blocks' }
)

const cases = JSON.parse(
  readFileSync(join(import.meta.dirname, 'consul-template/cases.json'), 'utf8'),
) as readonly Case[]

/**
 * Renders pass by pass, as consul-template does: what was asked for is known only the next time.
 * An error counts in whichever pass it occurs.
 */
function renderInPasses(program: Program): Rendering {
  const followed = new Set<string>()
  const known: Knowledge = {
    recall: (dependency) =>
      followed.has(dependency.name) ? knowledge.recall(dependency) : undefined,
  }
  for (;;) {
    const rendering = program.render(known)
    const added = rendering.used.filter(({ name }) => !followed.has(name))
    if (added.length === 0) return rendering
    for (const { name } of added) followed.add(name)
  }
}

const run = (template: string): Rendering =>
  renderInPasses(createProgram(template, { name: 't', surroundings }))

function failureOf(template: string): string {
  try {
    const { missing } = run(template)
    // What Consul refuses has no answer; the real program ends with Consul's error.
    return missing.map(({ name }) => name).join()
  } catch (error) {
    if (error instanceof TemplateError) return error.message
    throw error
  }
}

const lines = (text: string) => text.split('\n').toSorted()

/** Messages are on one line here. */
const onOneLine = (text: string) => text.replaceAll(/\s*\n\s*/g, ' ').trim()

describe("consul-template's results", () => {
  it.each(cases)('$name: $template', (testCase) => {
    const { template, orderFromServer = false } = testCase
    switch (testCase.outcome) {
      case 'ok': {
        const { text, missing } = run(template)
        expect(missing).toEqual([])
        if (orderFromServer) expect(lines(text)).toEqual(lines(testCase.expected))
        else expect(text).toBe(testCase.expected)
        break
      }
      case 'error': {
        const failure = failureOf(template)
        const isOfConsul = !/^(parse|execute): /.test(testCase.message)
        const message = onOneLine(testCase.message)
        expect(failure).toBe(isOfConsul ? message.split(':')[0] : `t: ${message}`)
        break
      }
      case 'blocks':
        expect(run(template).missing).not.toEqual([])
    }
  })
})
