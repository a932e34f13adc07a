import { describe, expect, it } from 'vitest'
import { TemplateError } from '../template-error.ts'
import { goFunction, variadicFunction } from './functions.ts'
import { execute, parseTemplate } from './template.ts'
import type { ExecuteOptions } from './template.ts'
import { anySliceType, anyType, intType, stringType } from './types.ts'
import { list, valueOfJson } from './values.ts'
import type { Value } from './values.ts'

function failure(text: string, options: ExecuteOptions = {}, value: Value = null): string {
  const functions = {
    run: goFunction([stringType], () => null),
    numbers: goFunction([intType], (count) =>
      list(
        anySliceType,
        Array.from({ length: Number(count) }, (_, index) => BigInt(index)),
      ),
    ),
    wrapped: variadicFunction([], anyType, (...args) => list(anySliceType, args)),
  }
  try {
    const output = execute(parseTemplate('t', text, { functions }), value, {
      functions: ({ execute }) => ({
        run: goFunction([stringType], (name) => execute(name, null)),
      }),
      ...options,
    })
    return `no error: ${output.slice(0, 100)}`
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    expect(error.code).toBe(
      text.startsWith('{{((((((') || text.includes('}}{{((((((')
        ? 'template_syntax'
        : 'template_failed',
    )
    return error.message
  }
}

const fewer = { limits: { steps: 20_000, madeBytes: 2 ** 20, textBytes: 2 ** 16 } }

describe('an execution ends', () => {
  it('after so many iterations', () => {
    expect(failure('{{range 1000000000000}}{{end}}', fewer)).toBe(
      'template: t:1:8: executing "t" at <1000000000000>: more than 20000 steps',
    )
  })

  it('after so many statements, nested iterations multiplied', () => {
    const text = '{{range 100}}{{range 100}}{{range 100}}x{{end}}{{end}}{{end}}'
    expect(failure(text, fewer)).toContain('more than 20000 steps')
  })

  it('after so many calls of functions in one action', () => {
    const text = `{{range 1000}}{{if and ${'(len "x") '.repeat(50)}}}{{end}}{{end}}`
    expect(failure(text, fewer)).toContain('more than 20000 steps')
  })

  it.each([
    ['arguments of and', `and ${'1 '.repeat(100)}`],
    ['arguments of other functions', `eq ${'1 '.repeat(100)}`],
    ['parentheses', `${'('.repeat(100)}1${')'.repeat(100)}`],
  ])('after so many %s', (_, pipeline) => {
    expect(failure(`{{range 1000}}{{if ${pipeline}}}{{end}}{{end}}`, fewer)).toContain(
      'more than 20000 steps',
    )
  })

  it('earlier where long texts are worked on', () => {
    const text = '{{$x := printf "%60000d" 1}}{{range 20}}{{if lt $x $x}}{{end}}{{end}}'
    expect(failure(text, fewer)).toContain('more than 20000 steps')
  })

  it('earlier where long lists are made or maps are sorted', () => {
    const value = valueOfJson(Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [n, n])))
    const made = '{{range 1000}}{{$x := numbers 1000}}{{end}}'
    expect(failure(made, { limits: { steps: 5000 } })).toContain('more than 5000 steps')
    const broken = '{{range 100}}{{range $}}{{break}}{{end}}{{end}}'
    expect(failure(broken, fewer, value)).toContain('more than 20000 steps')
  })

  it('earlier where variables are far to seek', () => {
    const many = Array.from({ length: 900 }, (_, index) => `{{$v${index} := 1}}`).join('')
    expect(failure(`{{$x := 1}}${many}{{range 2000}}{{$x}}{{end}}`, fewer)).toContain('steps')
  })

  it('where templates call each other for ever', () => {
    const text = '{{define "a"}}{{template "a"}}{{end}}{{template "a"}}'
    expect(failure(text)).toBe(
      'template: t:1:25: executing "a" at <{{template "a"}}>: exceeded maximum template depth (100000)',
    )
    expect(failure(text, { limits: { depth: 10 } })).toContain('template depth (10)')
  })

  it('where such templates have many variables and bodies open', () => {
    const variables = '{{$x := 1}}'.repeat(100)
    const text = `{{define "a"}}${variables}{{template "a"}}{{end}}{{template "a"}}`
    expect(failure(text)).toContain('more than 1000000 variables and bodies')
  })

  it('where functions execute templates that call them', () => {
    const text = '{{define "a"}}{{run "a"}}{{end}}{{run "a"}}'
    expect(failure(text)).toContain('more than 100 executions inside each other')
  })
})

describe('an execution makes', () => {
  it('no more output than that, counted in bytes', () => {
    const text = '{{range 1000}}é{{end}}'
    expect(failure(text, { limits: { outputBytes: 2000 } })).toContain('no error')
    expect(failure(text, { limits: { outputBytes: 1999 } })).toBe(
      'template: t:1:14: executing "t" at <é>: output of more than 1999 bytes',
    )
  })

  it('no more output with what functions execute inside it', () => {
    const text = '{{define "a"}}12345{{end}}1234{{$x := run "a"}}'
    expect(failure(text, { limits: { outputBytes: 9 } })).toContain('no error')
    expect(failure(text, { limits: { outputBytes: 8 } })).toContain('output of more than 8 bytes')
  })

  it('no output of 100 MB by default', () => {
    const text = '{{$x := printf "%1000000d" 1}}{{range 100}}{{$x}}{{end}}'
    expect(failure(text)).toContain('output of more than 67108864 bytes')
  })

  it('no text of a width without bounds', () => {
    expect(failure('{{printf "%1000000000d" 1}}')).toContain('no error: %!(NOVERB)')
    expect(failure(`{{printf "${'%1000000[1]d'.repeat(100)}" 1}}`)).toMatch(
      /error calling printf: text of more than 16777216 bytes$/,
    )
    expect(failure('{{printf "%1000000v" (numbers 1000)}}')).toContain('text of more than')
    expect(failure('{{printf "%.1000000e" (wrapped 1.5 1.5)}}', fewer)).toContain('text of more')
  })

  it.each(['print $x $x', 'printf "%s%s" $x $x', 'html $x $x', 'println $x $x'])(
    'no text by doubling it for ever: %s',
    (doubled) => {
      const text = `{{$x := "12345678"}}{{range 100}}{{$x = ${doubled}}}{{end}}`
      expect(failure(text)).toContain('text of more than 16777216 bytes')
    },
  )

  it('no more than that in all, though it is soon forgotten', () => {
    const text = '{{range 10000}}{{$x := printf "%10000d" .}}{{end}}'
    expect(failure(text, { limits: { madeBytes: 2 ** 20 } })).toContain(
      'functions have made more than 1048576 bytes',
    )
  })

  it('nothing of lists that contain themselves many times', () => {
    const text = '{{$x := wrapped 1}}{{range 64}}{{$x = wrapped $x $x}}{{end}}'
    expect(failure(`${text}{{$x}}`)).toContain('text of more than 16777216 bytes')
    expect(failure(`${text}{{print $x}}`)).toContain('error calling print: text of more than')
    expect(failure(`${text}{{printf "%d" $x}}`)).toContain('text of more than')
    expect(failure(`${text}{{printf "" $x}}`)).toContain('text of more than')
    expect(failure(`${text}{{eq $x $x}}`)).toContain('text of more than')
    expect(failure(`${text}{{eq . $x}}`, {}, valueOfJson({}))).toContain('text of more than')
  })

  it('nothing of lists that are too deep to print', () => {
    const text = '{{$x := wrapped 1}}{{range 100000}}{{$x = wrapped $x}}{{end}}{{$x}}'
    expect(failure(text)).toContain('nested too deep')
  })
})

describe('a text that takes long to be read is not', () => {
  it.each([
    ['parentheses', `{{${'('.repeat(100_000)}1}}`, 'max expression depth exceeded'],
    ['digits', `{{((((((${'9'.repeat(100_000)}))))))}}`, 'number of too many characters'],
    [
      'variables',
      `${'{{$x := 1}}'.repeat(2000)}{{((((((1))))))}}`,
      'more than 1000 variables in one place',
    ],
  ])('for its %s', (_, text, message) => {
    expect(failure(text)).toContain(message)
  })

  it('but read at once where white space stands before a trim marker', () => {
    const text = `${`${' '.repeat(200_000)}x`.repeat(2)}{{- "" }}`
    expect(failure(text)).toContain('no error')
    expect(failure(`{{printf "${'%['.repeat(100_000)}"}}`)).toContain('no error')
  })
})
