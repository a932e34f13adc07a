import { describe, expect, it } from 'vitest'
import { renderedHelpers as rendered } from '../../../../test/support/helper-template.ts'

const replaced = (expression: string, replacement: string, text: string) =>
  rendered(
    `{{regexReplaceAll ${JSON.stringify(expression)} ${JSON.stringify(replacement)} .}}`,
    text,
  )

describe('regexReplaceAll', () => {
  it.each([
    ['(\\w+) (\\w+)', '$2 $1', 'foo bar', 'bar foo'],
    ['(a)(b)', '$1x', 'ab', ''],
    ['(a)(b)', '${1}x$2', 'ab', 'axb'],
    ['(?P<n>a)(?P<m>b)', '${m}$n', 'ab', 'ba'],
    ['b', '$$', 'a$b', 'a$$'],
    ['a', '$', 'a', '$'],
    ['a', '${', 'a', '${'],
    ['a', '${}$-', 'a', '${}$-'],
    ['a', '$$1', 'a', '$1'],
    ['(a)', '$01$9$100000000', 'a', ''],
    ['(x)?a', '[$1]', 'a', '[]'],
    ['x*', '-', 'abc', '-a-b-c-'],
    ['a*', '-', 'baaac', '-b-c-'],
    ['', '-', 'é😀', '-é-😀-'],
    ['(?i)A', '', 'aAb', 'b'],
    ['^', '> ', 'a\nb', '> a\nb'],
    ['(?m)^', '> ', 'a\nb', '> a\n> b'],
    ['[[:alpha:]]+', '<$0>', 'ab1c', '<ab>1<c>'],
  ])('%j by %j in %j', (expression, replacement, text, expected) => {
    expect(replaced(expression, replacement, text)).toBe(expected)
  })

  it('is refused where the result would be too long', () => {
    expect(() => replaced('x', 'y'.repeat(1000), 'x'.repeat(20_000))).toThrow(
      'text of more than 16777216 bytes',
    )
  })
})

describe('regexMatch', () => {
  it.each([
    ['b+', 'abc', 'true'],
    ['^b', 'abc', 'false'],
    ['(?i)B', 'abc', 'true'],
    ['a.c', 'a\nc', 'false'],
    ['(?s)a.c', 'a\nc', 'true'],
    ['\\d{2}', 'x12', 'true'],
    ['', '', 'true'],
  ])('%j in %j: %s', (expression, text, expected) => {
    expect(rendered(`{{regexMatch ${JSON.stringify(expression)} .}}`, text)).toBe(expected)
  })

  it.each([
    ['[', 'missing closing ]: `[`'],
    ['a)', 'unexpected ): `a)`'],
    ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
    ['a**', 'invalid nested repetition operator: `**`'],
    ['a{1001}', 'invalid repeat count: `{1001}`'],
    ['\\', 'trailing backslash at end of expression: ``'],
  ])('%j is an error', (expression, reason) => {
    expect(() => rendered(`{{regexMatch ${JSON.stringify(expression)} "x"}}`)).toThrow(
      `error calling regexMatch: error parsing regexp: ${reason}`,
    )
  })

  it('is refused where it would take too long', () => {
    const refused = 'regular expression too large for so much text'
    const expression = '(?:(?:[a-z ]{1,50}){1,10}){1,2}z'
    const text = 'x'.repeat(1_000_000)
    expect(() => rendered(`{{regexMatch "${expression}" .}}`, text)).toThrow(refused)
    expect(() => rendered('{{regexMatch . ""}}', 'a'.repeat(70_000))).toThrow(
      'regular expression of more than 65536 characters',
    )
  })

  it('still knows an expression after many others', () => {
    const template =
      '{{range loop 600}}{{regexMatch (printf "^%d$" .) (print .)}}{{end}}{{regexMatch "^0$" "0"}}'
    expect(rendered(template)).toBe('true'.repeat(601))
  })
})
