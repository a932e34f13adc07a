import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluateCondition } from '../../src/haproxy/config/conditions.ts'
import type { Knowledge } from '../../src/haproxy/config/conditions.ts'
import { resolveConditions } from '../../src/haproxy/config/resolve-conditions.ts'
import { splitWords } from '../../src/haproxy/config/split-words.ts'
import { ConfigSyntaxError } from '../../src/haproxy/config/syntax-error.ts'
import { haproxyPrograms } from '../support/haproxies.ts'

const variables = { A: 'x', EMPTY: '', SPACE: 'a b' }
const environment = new Map(Object.entries(variables))

const number = fc.constantFrom('0', '1', '-1', '+0', '00', '12', '08', '1x', '')
const argument = fc.constantFrom(
  'x',
  'a b',
  '"$A"',
  '"${A-y}"',
  '"${NONE-x}"',
  '"$SPACE"',
  "' x'",
  '',
)
const versions =
  '2.6 2.6.12 2.6.13 3 3.0 3.0.11 3.0.12 3.2-dev4 3.4 3.4.7 4.0 3.5-dev1 2.4.22 3.4.8 x'
const version = fc.constantFrom(...versions.split(' '))
const predicate = fc.oneof(
  fc.tuple(fc.constantFrom('version_atleast', 'version_before'), version),
  fc.tuple(fc.constant('defined'), fc.constantFrom('A', 'NONE', 'EMPTY')),
  fc.tuple(fc.constantFrom('streq', 'strneq'), fc.tuple(argument, argument).map(String)),
)
const { condition } = fc.letrec<{ condition: string; term: string }>((tie) => ({
  term: fc.oneof(
    { depthSize: 'small' },
    predicate.map(([name, list]) => `${name}(${list})`),
    number,
    fc.tuple(fc.constantFrom('!', '! ', '!!'), tie('term')).map((parts) => parts.join('')),
    fc.tuple(fc.constantFrom('(', '( '), tie('condition')).map((parts) => `${parts.join('')})`),
  ),
  condition: fc.oneof(
    { depthSize: 'small' },
    tie('term'),
    fc
      .tuple(tie('term'), fc.constantFrom('&&', '||', ' && ', ' || ', ' '), tie('condition'))
      .map((parts) => parts.join('')),
  ),
}))

describe.each(haproxyPrograms())('HAProxy $line', ({ path, version: own }) => {
  const knowledge: Knowledge = { version: own, environment }

  it('finds each condition true or false that evaluateCondition does', () => {
    const told = fc
      .sample(condition, 2_000)
      .filter((text) => truthOf(text, knowledge) !== undefined)
    const blocks = told.map((text, index) => {
      return `.if ${text}\n.notice "<${index}:true>"\n.else\n.notice "<${index}:false>"\n.endif\n`
    })
    // A line is read anew when room has to be made for it, and HAProxy then trips over `${A-y}`.
    const room = `.notice "${'x'.repeat(5_000)}"\n`
    const output = check(path, room + blocks.join(''))
    for (const [index, text] of told.entries()) {
      const answer = /:(true|false)>/.exec(output.slice(output.indexOf(`<${index}:`)))?.[1]
      expect([text, answer]).toEqual([text, String(truthOf(text, knowledge))])
    }
    expect(told.length).toBeGreaterThan(500)
  })

  it('reads just the lines that resolveConditions leaves', () => {
    const directive = fc.constantFrom('.if 1', '.if 0', '.elif 1', '.elif 0', '.else', '.endif')
    const lines = fc.array(fc.oneof(directive, fc.constant('notice')), { maxLength: 30 })
    const texts = fc
      .sample(lines, 3_000)
      .map((all) => all.map((line, index) => (line === 'notice' ? `.notice "<${index}>"` : line)))
      .map((all) => `${all.join('\n')}\n`)
      .filter((text) => text.includes('.notice') && text.includes('.endif'))
      .filter((text) => !/^\.(?:if|elif|else|endif)/m.test(resolveConditions(text, {})))
    expect(texts.length).toBeGreaterThan(10)
    for (const text of texts.slice(0, 25)) {
      const heard = [...check(path, text).matchAll(/<\d+>/g)].map(String)
      const left = [...resolveConditions(text, {}).matchAll(/<\d+>/g)].map(String)
      expect([text, heard]).toEqual([text, left])
    }
  })
})

function truthOf(text: string, knowledge: Knowledge): boolean | undefined {
  try {
    return evaluateCondition(splitWords(text, 1), knowledge)
  } catch (error) {
    if (error instanceof ConfigSyntaxError) return undefined
    throw error
  }
}

function check(program: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-conditions-'))
  try {
    const file = join(folder, 'haproxy.cfg')
    writeFileSync(file, text)
    const options = { encoding: 'utf8', env: variables, timeout: 30_000 } as const
    const { stderr, error } = spawnSync(program, ['-c', '-f', file], options)
    if (error !== undefined) throw error
    return stderr
  } finally {
    rmSync(folder, { recursive: true })
  }
}
