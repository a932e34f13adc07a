import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluateCondition } from './conditions.ts'
import type { Knowledge, Truth } from './conditions.ts'
import { resolveConditions } from './resolve-conditions.ts'
import { splitWords } from './split-words.ts'

const environment = new Map([
  ['A', 'x'],
  ['EMPTY', ''],
])

function evaluate(condition: string, knowledge: Knowledge = { version: '3.0.11-1' }): Truth {
  return evaluateCondition(splitWords(condition, 1), knowledge)
}

describe('evaluateCondition', () => {
  it.each([
    ['', false],
    ['0', false],
    ['1', true],
    ['-0', false],
    ['+7', true],
    ['!0', true],
    ['! ! 1', true],
    ['1&&0 || 1', true],
    ['1 && (0 || 0)', false],
    ['!(0||0) && 1', true],
    ['streq(a,a)', true],
    ['streq(a, a)', false],
    [`"streq(a b,"'a b)'`, true],
    ['strneq(a,b) && strstr(abc,b)', true],
    ['streq(,)', true],
  ] as const)('takes "%s" for %s', (condition, truth) => {
    expect(evaluate(condition)).toBe(truth)
  })

  it('compares versions with the one that is known', () => {
    const truths = (version: string): Truth[] =>
      ['2.6', '2.6.12', '2.6.13', '3', '3.0', '3.4-dev5', '2.6-dev1'].map((wanted) =>
        evaluate(`version_atleast(${wanted})`, { version }),
      )
    expect(truths('2.6.12-1+deb12u4')).toEqual([true, true, false, false, false, false, true])
    expect(truths('3.4.7-1')).toEqual([true, true, true, true, true, true, true])
    expect(evaluate('version_before(3.0)', { version: '2.6.12' })).toBe(true)
    expect(evaluate('version_before(3.0)', {})).toBeUndefined()
    expect(evaluate('version_atleast(3.0)', { version: '3.0-dev5' })).toBeUndefined()
  })

  it('knows variables only where the environment is known', () => {
    expect(evaluate('streq("$A",x)', { environment })).toBe(true)
    expect(evaluate('streq("${NONE-y}",y)', { environment })).toBe(true)
    expect(evaluate('defined(EMPTY) && !defined(NONE)', { environment })).toBe(true)
    expect(evaluate('streq("$NONE",x)', { environment })).toBeUndefined()
    expect(evaluate('1 || streq("$A",x)')).toBeUndefined()
    expect(evaluate('defined(A)')).toBeUndefined()
  })

  it('lets what is not known decide nothing', () => {
    expect(evaluate('feature(OPENSSL)')).toBeUndefined()
    expect(evaluate('!enabled(POLL)')).toBeUndefined()
    expect(evaluate('feature(OPENSSL) && 0')).toBe(false)
    expect(evaluate('0 || feature(OPENSSL) || 1')).toBe(true)
    expect(evaluate('0 || feature(OPENSSL)')).toBeUndefined()
  })

  it('leaves to HAProxy what it may refuse', () => {
    const refused = [
      'true',
      '1 2',
      '08',
      '(1',
      '1)',
      '1 ||',
      '0 && junk',
      'streq(a)',
      'streq',
      '()',
    ]
    const odd = [
      'version_atleast()',
      'version_atleast(abc)',
      'streq(a(b),c)',
      'defined (A)',
      '!',
      "''",
    ]
    for (const condition of [...refused, ...odd]) {
      expect([condition, evaluate(condition)]).toEqual([condition, undefined])
    }
    expect(evaluate('('.repeat(5_000))).toBeUndefined()
  })
})

const sample = `global
.if version_atleast(3.0)
  maxconn 1
.elif 1
  maxconn 2
.else
  .if feature(X)
    nbthread 1
  .endif
.endif
backend a`

describe('resolveConditions', () => {
  it('leaves out what does not count, line by line', () => {
    const lines = (version: string): string[] => resolveConditions(sample, { version }).split('\n')
    expect(lines('3.0.1')).toEqual(['global', '', '  maxconn 1', ...Array(7).fill(''), 'backend a'])
    const nothing: string[] = Array(5).fill('')
    expect(lines('2.6.1').slice(0, 5)).toEqual(['global', '', '', '', '  maxconn 2'])
    expect(lines('2.6.1').slice(5)).toEqual([...nothing, 'backend a'])
  })

  it('keeps a block that cannot be told, and decides those around it', () => {
    expect(resolveConditions(sample, {})).toBe(sample)
    const text = '.if 1\na\n.if feature(X)\nb\n.else\nc\n.endif\n.else\nd\n".endif"\n'
    expect(resolveConditions(text, {})).toBe('\na\n.if feature(X)\nb\n.else\nc\n.endif\n\n\n\n')
    expect(resolveConditions('.if 0\n.if junk junk\n.endif\n.endif\nx', {})).toBe('\n\n\n\nx')
    const untold = '.if feature(X)\n.if 1\na\n.endif\n.endif\n'
    expect(resolveConditions(untold, {})).toBe(untold)
  })

  it('gives back blocks that do not fit together', () => {
    for (const text of ['.if 1\n', '.endif\n', '.else\n', '.if 1\n.else\n.else\n.endif\n']) {
      expect(resolveConditions(text, {})).toBe(text)
    }
  })

  it('does not trust an environment that the text itself changes', () => {
    const text = (line: string): string => `global\n  ${line}\n.if defined(A)\n.endif\n`
    expect(resolveConditions(text('maxconn 1'), { environment })).not.toContain('.if')
    expect(resolveConditions(text('unsetenv A'), { environment })).toContain('.if')
  })

  it('keeps the number of lines, and decides a decided text no further', () => {
    const line = fc.constantFrom(
      '.if 1',
      '.if 0',
      '.if feature(X)',
      '.elif 1',
      '.else',
      '.endif',
      'a',
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        const text = lines.join('\n')
        const resolved = resolveConditions(text, {})
        expect(resolved.split('\n')).toHaveLength(text.split('\n').length)
        expect(resolveConditions(resolved, {})).toBe(resolved)
      }),
    )
  })
})
