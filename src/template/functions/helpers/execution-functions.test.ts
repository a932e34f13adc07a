import { describe, expect, it } from 'vitest'
import { renderedHelpers as rendered } from '../../../../test/support/helper-template.ts'

describe('timestamp', () => {
  it.each([
    ['{{timestamp}}', '2020-01-02T03:04:05Z'],
    ['{{timestamp "unix"}}', '1577934245'],
    ['{{timestamp "15:04:05.000"}}', '03:04:05.678'],
    ['{{timestamp ""}}|', '|'],
  ])('%s', (template, expected) => {
    expect(rendered(template)).toBe(expected)
  })

  it('takes one layout', () => {
    expect(() => rendered('{{timestamp "a" "b"}}')).toThrow(
      'error calling timestamp: timestamp: wrong number of arguments, expected 0 or 1, but got 2',
    )
  })
})

describe('executeTemplate', () => {
  it.each([
    [
      '{{define "t"}}[{{.}}]{{end}}{{executeTemplate "t" 5 | toUpper}}{{executeTemplate "t"}}',
      '[5][<no value>]',
    ],
    ['{{define "t"}}{{scratch.Set "a" 1}}{{end}}{{executeTemplate "t"}}{{scratch.Get "a"}}', '1'],
    ['{{define "t"}}{{end}}{{executeTemplate "t"}}|', '|'],
  ])('%s', (template, expected) => {
    expect(rendered(template)).toBe(expected)
  })

  it.each([
    [
      '{{executeTemplate "t"}}',
      'error calling executeTemplate: template: no template "t" associated with template ""',
    ],
    [
      '{{define "t"}}{{end}}{{executeTemplate "t" 1 2}}',
      'executeTemplate: wrong number of arguments, expected 1 or 2, but got 3',
    ],
    [
      '{{define "t"}}{{executeTemplate "t"}}{{end}}{{executeTemplate "t"}}',
      'more than 100 executions inside each other',
    ],
  ])('%s fails', (template, reason) => {
    expect(() => rendered(template)).toThrow(reason)
  })
})

describe('scratch', () => {
  it.each([
    [
      '{{scratch.Key "a"}}{{scratch.Set "a" nil}}{{scratch.Key "a"}}{{scratch.Get "a"}}',
      'falsetrue<no value>',
    ],
    [
      '{{scratch.Set "a" 1}}{{scratch.SetX "a" 2}}{{scratch.SetX "b" 3}}{{scratch.Get "a"}}{{scratch.Get "b"}}',
      '13',
    ],
    [
      '{{scratch.MapSet "m" "k" 1}}{{scratch.MapSetX "m" "k" 2}}{{scratch.MapSet "m" "k" 3}}{{scratch.Get "m"}}',
      'map[k:3]',
    ],
    [
      '{{scratch.MapSet "m" "b" 1}}{{$m := scratch.Get "m"}}{{$m}}{{scratch.MapSet "m" "a" 2}}{{range $k, $v := $m}}{{$k}}{{end}}{{$m}}',
      'map[b:1]abmap[a:2 b:1]',
    ],
    [
      '{{range $k := split "," "é,a,B"}}{{scratch.MapSet "m" $k $k}}{{end}}{{scratch.MapValues "m"}}',
      '[B a é]',
    ],
    ['{{scratch.Set "a" 1}}{{scratch.MapValues "a"}}{{scratch.MapValues "b"}}', '[][]'],
    [
      '{{scratch.MapSet "m" "a" 1}}{{$m := scratch.Get "m"}}{{scratch.MapSet "m" "b" 2}}{{$m}}',
      'map[a:1 b:2]',
    ],
    [
      '{{scratch.Set "m" (parseJSON "{\\"a\\":1}")}}{{scratch.MapSet "m" "b" 2}}{{scratch.Get "m"}}',
      'map[a:1 b:2]',
    ],
    ['{{"v" | scratch.Set "a"}}{{with scratch}}{{.Get "a"}}{{end}}', 'v'],
    [
      '{{scratch.MapSet "m" "m" (scratch.Get "m")}}{{scratch.MapSet "m" "m" (scratch.Get "m")}}{{scratch.Get "m"}}',
      'map[m:map[m:<nil>]]',
    ],
  ])('%s', (template, expected) => {
    expect(rendered(template)).toBe(expected)
  })

  it('is empty at the beginning of each evaluation', () => {
    const template = '{{scratch.Key "a"}}{{scratch.Set "a" 1}}'
    expect([rendered(template), rendered(template)]).toEqual(['false', 'false'])
  })

  it.each([
    ['{{scratch.Set "a" 1}}{{scratch.MapSet "a" "b" 1}}', 'error calling MapSet: "a" is not a map'],
    ['{{scratch.Set "a"}}', 'wrong number of args for Set: want 2 got 1'],
    ['{{scratch.None}}', "can't evaluate field None in type"],
    [
      '{{range loop 1000}}{{scratch.MapSet "m" (print .) 1}}{{end}}{{range loop 1000}}{{scratch.Set (print .) (scratch.Get "m")}}{{end}}',
      'error calling Set: more than 1000000 items',
    ],
  ])('%s fails', (template, reason) => {
    expect(() => rendered(template)).toThrow(reason)
  })
})
