import { describe, expect, it } from 'vitest'
import { renderedHelpers as rendered } from '../../../../test/support/helper-template.ts'

describe('functions on lists', () => {
  it.each([
    ['{{in (split "," "a,b") "b"}} {{contains "c" (split "," "a,b")}}', 'true false'],
    ['{{in (parseJSON "[1]") 1}} {{in (parseJSON "[1]") 1.0}}', 'false true'],
    [
      '{{in (loop 3) 2}} {{in (loop 3) (parseInt "2")}} {{in (loop 3) (parseUint "2")}}',
      'true true false',
    ],
    [
      '{{in "abc" "bc"}} {{in "abc" 1}} {{in "" ""}} {{in 1 1}} {{in nil nil}}',
      'true false true false false',
    ],
    ['{{in (parseJSON "[null]") nil}} {{in (parseJSON "[true]") true}}', 'false false'],
    ['{{in (parseJSON "{\\"a\\":1}") "a"}}', 'false'],
    ['{{containsAll (parseJSON "[]") nil}} {{containsAny (parseJSON "[]") nil}}', 'true false'],
    ['{{containsNone nil "x"}} {{containsNotAll nil "x"}}', 'true false'],
    ['{{containsAny (parseJSON "[\\"x\\",\\"bc\\"]") "abc"}}', 'true'],
    ['{{containsAll (parseJSON "[1,\\"a\\"]") (parseJSON "[\\"a\\",1]")}}', 'true'],
    ['{{range $i, $e := loop 3 6}}{{$i}}{{$e}} {{end}}', '03 14 25 '],
    ['{{range loop "2"}}{{.}}{{end}} {{range loop "" (parseUint "2")}}{{.}}{{end}}', '01 01'],
    ['{{range loop 5 3}}x{{else}}none{{end}} {{range loop -2}}x{{end}}', 'none '],
    ['{{printf "%T" (index (loop 1) 0)}}', 'int64'],
    [
      '{{range loop "9223372036854775806" "9223372036854775807"}}{{.}}{{end}}',
      '9223372036854775806',
    ],
  ])('%s gives %s', (template, expected) => {
    expect(rendered(template)).toBe(expected)
  })

  it.each([
    ['{{containsAll (split "," "a") "a"}}', 'expected []interface {}; got []string'],
    ['{{loop}}', 'error calling loop: loop: wrong number of arguments, expected 1 or 2, but got 0'],
    ['{{loop 1 2 3}}', 'loop: wrong number of arguments, expected 1 or 2, but got 3'],
    ['{{loop 1.5}}', 'error calling loop: loop: bad argument type: float64'],
    ['{{loop nil}}', 'error calling loop: loop: bad argument type: <nil>'],
    ['{{loop "x"}}', 'error calling loop: parseInt: strconv.ParseInt: parsing "x": invalid syntax'],
    ['{{loop 1000000000}}', 'error calling loop: more than 1000000 items'],
    ['{{loop "-9223372036854775808" "9223372036854775807"}}', 'more than 1000000 items'],
  ])('%s fails', (template, reason) => {
    expect(() => rendered(template)).toThrow(reason)
  })

  it('do not look through texts for ever', () => {
    const wanted = JSON.stringify(Array.from({ length: 300 }, () => 'y'))
    const template = `{{containsAny (parseJSON \`${wanted}\`) .}}`
    expect(rendered(template, 'x'.repeat(1000))).toBe('false')
    expect(() => rendered(template, 'x'.repeat(1_000_000))).toThrow('characters to search')
  })
})

describe('merging maps', () => {
  const merged = (name: string, a: string, b: string) =>
    rendered(`{{${name} (parseJSON \`${a}\`) (parseJSON \`${b}\`)}}`)

  it.each([
    ['mergeMap', '{"a":1}', '{"a":2,"b":3}', 'map[a:1 b:3]'],
    ['mergeMapWithOverride', '{"a":1}', '{"a":2,"b":3}', 'map[a:2 b:3]'],
    ['mergeMap', '{"m":{"x":1}}', '{"m":{"x":2,"y":2}}', 'map[m:map[x:1 y:2]]'],
    ['mergeMapWithOverride', '{"m":{"x":1,"z":1}}', '{"m":{"x":2}}', 'map[m:map[x:2 z:1]]'],
    ['mergeMap', '{"a":"","l":[],"n":null}', '{"a":"x","l":[1],"n":2}', 'map[a:x l:[1] n:2]'],
    ['mergeMap', '{"a":1}', '{"a":{"b":1},"c":null}', 'map[a:1]'],
    ['mergeMapWithOverride', '{"a":1,"c":1}', '{"a":{"b":1},"c":null}', 'map[a:map[b:1] c:<nil>]'],
    ['mergeMapWithOverride', '{"l":[1,2]}', '{"l":[3]}', 'map[l:[3]]'],
  ])('%s %s %s', (name, a, b, expected) => {
    expect(merged(name, a, b)).toBe(expected)
  })

  it('leaves the merged maps as they were', () => {
    const template =
      '{{$a := parseJSON .}}{{$b := mergeMapWithOverride $a (parseJSON "{\\"a\\":2}")}}{{$a}}{{$b}}'
    expect(rendered(template, '{"a":1}')).toBe('map[a:1]map[a:2]')
  })

  it('ends for maps that are parts of many others', () => {
    const doubling =
      '{{scratch.MapSet "m" "a" (scratch.Get "k")}}{{scratch.MapSet "m" "b" (scratch.Get "k")}}{{scratch.Set "k" (scratch.Get "m")}}'
    const template = `{{scratch.Set "k" (parseJSON "{\\"x\\":1}")}}${doubling.repeat(40)}{{mergeMap (scratch.Get "k") (scratch.Get "k")}}`
    expect(() => rendered(template)).toThrow('more than 1000000 items')
  })
})
