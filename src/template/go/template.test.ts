import { describe, expect, it } from 'vitest'
import { TemplateError } from '../template-error.ts'
import { bytesOfText, textOfBytes } from './byte-text.ts'
import { goFunction, stringsParameter, variadicFunction } from './functions.ts'
import { execute, parseTemplate } from './template.ts'
import type { TemplateOptions } from './template.ts'
import {
  anyType,
  intType,
  mapOf,
  pointerTo,
  sliceOf,
  stringMapType,
  stringSliceType,
  stringType,
} from './types.ts'
import type { GoType, StructType } from './types.ts'
import { goMap, list, structOf, valueOfJson } from './values.ts'
import type { GoFunction, Value } from './values.ts'

function render(text: string, value: Value = null, options: TemplateOptions = {}): string {
  return execute(parseTemplate('t', text, options), value)
}

function failure(text: string, value: Value = null, options: TemplateOptions = {}): string {
  try {
    return `no error: ${render(text, value, options)}`
  } catch (error) {
    if (error instanceof TemplateError) return error.message
    throw error
  }
}

const withFunctions = (functions: Readonly<Record<string, GoFunction>>): TemplateOptions => ({
  functions,
})

describe('functions passed in', () => {
  const options = withFunctions({
    repeat: goFunction([intType, stringType], (count, text) => text.repeat(Number(count))),
    joined: goFunction([stringsParameter], ({ items }) => items.map(String).join('+')),
    kind: variadicFunction([], anyType, (...args) => args.map((arg) => typeof arg).join(' ')),
    nothing: goFunction([], () => null),
    broken: goFunction([stringType], (text) => {
      throw new Error(`no ${text}`)
    }),
  })

  it('get the passed-on value last', () => {
    expect(render('{{"ab" | repeat 2}}', null, options)).toBe('abab')
  })

  it('get integers as bigint, floats as number and what is missing as null', () => {
    const value = valueOfJson({ i: 1, f: 1.5 })
    expect(render('{{kind .i .f 2 2.0 "" .nope nil}}', value, options)).toBe(
      'bigint number bigint number string object object',
    )
  })

  it('take an untyped constant as the type of their parameter', () => {
    expect(render('{{repeat 2.0 "x"}}{{repeat \'\\x03\' "y"}}', null, options)).toBe('xxyyy')
  })

  it('are not called with a wrong number of arguments', () => {
    expect(failure('{{repeat 1}}', null, options)).toBe(
      'template: t:1:2: executing "t" at <repeat>: wrong number of args for repeat: want 2 got 1',
    )
  })

  it.each([
    ['{{repeat "2" "x"}}', '<"2">: expected integer; found "2"'],
    ['{{repeat 1.5 "x"}}', '<1.5>: expected integer; found 1.5'],
    ['{{repeat nil "x"}}', '<nil>: cannot assign nil to int'],
    ['{{repeat .s "x"}}', '<.s>: wrong type for value; expected int; got string'],
    ['{{repeat .nope "x"}}', '<.nope>: invalid value; expected int'],
    ['{{joined .l}}', '<.l>: wrong type for value; expected []string; got []interface {}'],
    ['{{1.5 | repeat 1}}', '<1>: wrong type for value; expected string; got float64'],
  ])('are not called with arguments of another type: %s', (text, expected) => {
    const value = valueOfJson({ s: 'text', l: ['a'] })
    expect(failure(text, value, options)).toContain(`executing "t" at ${expected}`)
  })

  it('stop the template with their error, at the place of the call', () => {
    expect(failure('a\n{{if true}}é{{broken "luck"}}{{end}}', null, options)).toBe(
      'template: t:2:15: executing "t" at <broken "luck">: error calling broken: no luck',
    )
  })

  it('may give nil, which prints as no value', () => {
    expect(
      render('{{nothing}} {{print nothing}} {{if nothing}}y{{else}}n{{end}}', null, options),
    ).toBe('<no value> <nil> n')
  })

  it('take the place of those that Go has, and of break', () => {
    const own = withFunctions({
      len: goFunction([anyType], () => 'mine'),
      break: goFunction([], () => 'broken'),
    })
    expect(render('{{len 1}} {{break}}', null, own)).toBe('mine broken')
  })
})

const checkType: StructType = {
  kind: 'struct',
  name: 'health.Check',
  fields: new Map([['Status', stringType]]),
}

const serviceType: StructType = {
  kind: 'struct',
  name: 'health.Service',
  fields: new Map<string, GoType>([
    ['Name', stringType],
    ['Port', intType],
    ['Tags', stringSliceType],
    ['Meta', stringMapType],
    ['Check', pointerTo(checkType)],
  ]),
}

const service = structOf(serviceType, {
  Name: 'web',
  Port: 80n,
  Tags: list(stringSliceType, ['a', 'b']),
  Meta: goMap(stringMapType, [['zone', 'z1']]),
})
const pointer: Value = { kind: 'pointer', type: pointerTo(serviceType), target: service }

describe('structs', () => {
  it('give their fields, also through pointers', () => {
    expect(render('{{.Name}}:{{.Port}} {{index .Tags 1}} {{.Meta.zone}}', pointer)).toBe(
      'web:80 b z1',
    )
  })

  it('refuse a field that their type has not', () => {
    expect(failure('{{.Nope}}', pointer)).toContain(
      "can't evaluate field Nope in type *health.Service",
    )
    expect(failure('{{.Name.Nope}}', pointer)).toContain("can't evaluate field Nope in type string")
  })

  it('refuse to follow a nil pointer', () => {
    expect(failure('{{.Check.Status}}', pointer)).toContain(
      'at <.Check.Status>: nil pointer evaluating *health.Check.Status',
    )
    expect(render('{{if .Check}}y{{else}}n{{end}} {{.Check}}', pointer)).toBe('n <nil>')
  })

  it('print their values, and names and types if asked for', () => {
    const all = render('{{.}}|{{printf "%v" .}}|{{printf "%+v" .}}', pointer)
    expect(all).toBe(
      '{web 80 [a b] map[zone:z1] <nil>}|&{web 80 [a b] map[zone:z1] <nil>}|' +
        '&{Name:web Port:80 Tags:[a b] Meta:map[zone:z1] Check:<nil>}',
    )
    expect(render('{{printf "%#v" .Tags}} {{printf "%T" .}}', pointer)).toBe(
      '[]string{"a", "b"} *health.Service',
    )
  })

  it('have methods that take arguments', () => {
    const hello = goFunction([stringType], (name) => `hello ${name}`)
    const value: Value = { ...service, methods: new Map([['Greet', hello]]) }
    expect(render('{{.Greet "you"}} {{"me" | .Greet}}', value)).toBe('hello you hello me')
    expect(failure('{{.Name "you"}}', value)).toContain(
      'Name has arguments but cannot be invoked as function',
    )
  })
})

describe('typed maps', () => {
  it('give the zero value of their type for a missing key when that is asked for', () => {
    const meta = goMap(stringMapType, [])
    expect(render('[{{.nope}}]', meta)).toBe('[<no value>]')
    expect(render('[{{.nope}}]', meta, { missingKey: 'zero' })).toBe('[]')
    expect(render('[{{index . "nope"}}]', meta)).toBe('[]')
  })

  it('are iterated in the order of their keys', () => {
    const byPort = goMap(mapOf(intType, stringType), [
      [443n, 'b'],
      [80n, 'a'],
      [8080n, 'c'],
    ])
    expect(render('{{range $port, $name := .}}{{$port}}{{$name}} {{end}}', byPort)).toBe(
      '80a 443b 8080c ',
    )
    expect(render('{{index . 443}}', byPort)).toBe('b')
    expect(failure('{{index . "443"}}', byPort)).toContain('value has type string; should be int')
  })

  it('compare keys by their bytes', () => {
    const keys = ['\u{1F600}', '\uFFFD', 'a', 'B', '10', '9']
    const map = goMap(
      stringMapType,
      keys.map((key) => [key, '']),
    )
    expect(render('{{range $key, $_ := .}}{{$key}} {{end}}', map)).toBe(
      '10 9 B a \uFFFD \u{1F600} ',
    )
  })
})

describe('strings', () => {
  it('are bytes where that can be seen', () => {
    expect(render('{{len "é✓"}} {{index "é" 0}} {{printf "%x" "é"}}')).toBe('5 195 c3a9')
  })

  it('keep the bytes of a character cut in two', () => {
    const cut = render('{{slice "é" 0 1}}|{{slice "é" 1}}')
    expect([...bytesOfText(cut)]).toEqual([0xc3, 0x7c, 0xa9])
    expect(render('{{slice "é" 0 1}}{{slice "é" 1}}')).toBe('é')
    expect(render('{{printf "%q" (slice "é" 0 1)}}')).toBe(String.raw`"\xc3"`)
  })

  it('are made of bytes and back without a loss', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
    expect([...bytesOfText(textOfBytes(bytes))]).toEqual([...bytes])
  })
})

describe('call', () => {
  const value = goMap(mapOf(stringType, anyType), [
    ['add', goFunction([intType, intType], (a, b) => a + b)],
    ['text', 'no function'],
  ])

  it('calls a function that is a value', () => {
    expect(render('{{call .add 1 2}}', value)).toBe('3')
  })

  it.each([
    ['{{call .text}}', 'error calling call: non-function .text of type string'],
    ['{{call .add 1}}', 'error calling call: wrong number of args for .add: got 1 want 2'],
    ['{{call .add 1 "2"}}', 'error calling call: arg 1: value has type string; should be int'],
    ['{{.add}}', "can't print {{.add}} of type func"],
  ])('refuses %s', (text, expected) => {
    expect(failure(text, value)).toContain(expected)
  })
})

describe('control', () => {
  it('iterates over integers', () => {
    expect(render('{{range 3}}{{.}}{{end}} {{range $i := 0}}x{{else}}none{{end}}')).toBe('012 none')
  })

  it('has else with', () => {
    const text = '{{with .a}}a{{else with .b}}{{.}}{{else}}none{{end}}'
    expect(render(text, valueOfJson({ b: 'B' }))).toBe('B')
    expect(render(text, valueOfJson({}))).toBe('none')
  })

  it('leaves a loop out of conditions inside it', () => {
    const text =
      '{{range .}}{{if eq . 2}}{{continue}}{{end}}{{with .}}{{if eq . 4}}{{break}}{{end}}{{end}}{{.}}{{end}}'
    expect(render(text, list(sliceOf(intType), [1n, 2n, 3n, 4n, 5n]))).toBe('13')
  })

  it('lets templates call each other deeper than the stack is', () => {
    const text =
      '{{define "down"}}{{if lt . 50000}}{{template "down" next .}}{{else}}{{.}}{{end}}{{end}}' +
      '{{template "down" 0}}'
    const options = withFunctions({ next: goFunction([intType], (count) => count + 1n) })
    expect(render(text, null, options)).toBe('50000')
  })

  it('names the line of a mistake in an action of several lines', () => {
    expect(failure('a\n{{ print\n\n "x }}')).toBe(
      'template: t:4: unterminated quoted string in action started at t:2',
    )
    expect(failure('a\n{{ print\n\n')).toBe('template: t:4: unclosed action started at t:2')
  })
})
