import { createPrivateKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { execute, parseTemplate } from '../../go/template.ts'
import type { Value } from '../../go/values.ts'
import { sprigFunctions } from './all-sprig.ts'

function rendered(template: string, value: Value = null): string {
  const parsed = parseTemplate('', template, { functions: sprigFunctions, missingKey: 'zero' })
  return execute(parsed, value)
}

describe('a map that is changed', () => {
  it('is printed and gone through as it is then, also inside of others', () => {
    const text =
      '{{$d := sprig_dict}}{{$l := sprig_list $d}}{{print $l}}{{$_ := sprig_set $d "a" 1}}{{$l}}' +
      '{{range $k, $v := $d}}{{$k}}{{end}}{{$_ := sprig_unset $d "a"}}{{$d}}' +
      '{{$_ := sprig_merge $d (sprig_dict "b" 2)}}{{$d}}'
    expect(rendered(text)).toBe('[map[]][map[a:1]]amap[]map[b:2]')
  })

  it('is not printed when it has become endless', () => {
    const text =
      '{{$d := sprig_dict}}{{$l := sprig_list $d}}{{print $l}}{{$x := sprig_list 1}}' +
      '{{range $i := sprig_until 64}}{{$x = sprig_list $x $x}}{{end}}{{$_ := sprig_set $d "a" $x}}'
    expect(() => rendered(`${text}{{print $l}}`)).toThrow('text of more than')
  })
})

describe('numbers', () => {
  it.each([
    ['sprig_add 1 "2" 3.9 true', '7'],
    ['sprig_add', '0'],
    ['sprig_add1 "x"', '1'],
    ['sprig_sub 5 7', '-2'],
    ['sprig_div 7 -2', '-3'],
    ['sprig_mod -7 3', '-1'],
    ['sprig_mul 2 3 4', '24'],
    ['sprig_mul 9223372036854775807 2', '-2'],
    ['sprig_min 3 1 2', '1'],
    ['sprig_biggest 3 1', '3'],
    ['sprig_maxf 1 2.5', '2.5'],
    ['sprig_minf 1 2.5', '1'],
    ['sprig_addf 0.1 0.2', '0.3'],
    ['sprig_add1f 1.5', '2.5'],
    ['sprig_subf 7.5 2 3', '2.5'],
    ['sprig_mulf 1.1 1.1', '1.21'],
    ['sprig_divf 10 3', '3.3333333333333335'],
    ['sprig_divf 10 2 4', '1.25'],
    ['sprig_floor "123.9"', '123'],
    ['sprig_round 123.555555 3', '123.556'],
    ['sprig_round -2.5 0', '-3'],
    ['sprig_round 1.4 0 0.3', '2'],
    ['sprig_int "0x10"', '16'],
    ['sprig_int "010"', '8'],
    ['sprig_int "12.00"', '12'],
    ['sprig_int64 "12.5"', '0'],
    ['sprig_float64 "1.5e3"', '1500'],
    ['sprig_toDecimal 777', '511'],
    ['sprig_toDecimal "9"', '0'],
    ['sprig_atoi "99999999999999999999"', '9223372036854775807'],
    ['sprig_until -3', '[0 -1 -2]'],
    ['sprig_untilStep 3 6 2', '[3 5]'],
    ['sprig_untilStep 6 3 -2', '[6 4]'],
    ['sprig_untilStep 3 6 -1', '[]'],
    ['sprig_seq 5', '1 2 3 4 5'],
    ['sprig_seq -3', '1 0 -1 -2 -3'],
    ['sprig_seq 0', '1 0'],
    ['sprig_seq 0 2', '0 1 2'],
    ['sprig_seq 2 -2', '2 1 0 -1 -2'],
    ['sprig_seq 0 2 10', '0 2 4 6 8 10'],
    ['sprig_seq 0 -2 -5', '0 -2 -4'],
    ['sprig_seq 5 1 0', ''],
    ['sprig_randInt 7 8', '7'],
  ])('%s is %s', (call, expected) => {
    expect(rendered(`{{${call}}}`)).toBe(expected)
  })
})

describe('lists', () => {
  it.each([
    ['sprig_append (sprig_list 1) 2', '[1 2]'],
    ['sprig_prepend (sprig_list 1) 2', '[2 1]'],
    ['sprig_first (sprig_list 1 2)', '1'],
    ['sprig_last (sprig_splitList "," "a,b")', 'b'],
    ['sprig_first (sprig_list)', '<no value>'],
    ['sprig_rest (sprig_list 1 2 3)', '[2 3]'],
    ['sprig_initial (sprig_list 1 2 3)', '[1 2]'],
    ['sprig_reverse (sprig_list 1 2 3)', '[3 2 1]'],
    ['sprig_compact (sprig_list 1 "" "a" 0 nil)', '[1 a]'],
    ['sprig_uniq (sprig_list 1 1 1.0 "1" (sprig_list 1) (sprig_list 1))', '[1 1 1 [1]]'],
    ['sprig_without (sprig_list 1 2 3) 1 3', '[2]'],
    ['sprig_has 4 (sprig_list 1 4)', 'true'],
    ['sprig_has "4" (sprig_list 1 4)', 'false'],
    ['sprig_slice (sprig_list 1 2 3) 1', '[2 3]'],
    ['sprig_chunk 2 (sprig_list 1 2 3)', '[[1 2] [3]]'],
    ['sprig_concat (sprig_list 1) (sprig_splitList "," "a,b")', '[1 a b]'],
    ['sprig_tuple 1 "a"', '[1 a]'],
  ])('%s is %s', (call, expected) => {
    expect(rendered(`{{${call}}}`)).toBe(expected)
  })
})

describe('dicts', () => {
  it.each([
    ['{{sprig_dict "a" 1 "b"}}', 'map[a:1 b:]'],
    ['{{$d := sprig_dict}}{{$_ := sprig_set $d "k" 1}}{{$d}}', 'map[k:1]'],
    ['{{$d := sprig_dict "k" 1}}{{$_ := sprig_unset $d "k"}}{{$d}}', 'map[]'],
    ['{{sprig_get (sprig_dict "a" 1) "b" | printf "%q"}}', '""'],
    ['{{sprig_hasKey (sprig_dict "a" nil) "a"}}', 'true'],
    ['{{sprig_keys (sprig_dict "a" 1 "b" 2) | sprig_sortAlpha}}', '[a b]'],
    ['{{sprig_values (sprig_dict "a" 1)}}', '[1]'],
    ['{{sprig_pick (sprig_dict "a" 1 "b" 2) "a" "c"}}', 'map[a:1]'],
    ['{{sprig_omit (sprig_dict "a" 1 "b" 2) "a"}}', 'map[b:2]'],
    ['{{sprig_dig "a" "x" "def" (sprig_dict "a" (sprig_dict))}}', 'def'],
    [
      '{{sprig_merge (sprig_dict "a" 1 "e" "") (sprig_dict "a" 2 "e" "x" "b" 3)}}',
      'map[a:1 b:3 e:x]',
    ],
    [
      '{{sprig_merge (sprig_dict "m" (sprig_dict "a" 1)) (sprig_dict "m" (sprig_dict "a" 2 "b" 2))}}',
      'map[m:map[a:1 b:2]]',
    ],
    [
      '{{sprig_mergeOverwrite (sprig_dict "m" (sprig_dict "a" 1 "c" 1)) (sprig_dict "m" (sprig_dict "a" 2))}}',
      'map[m:map[a:2 c:1]]',
    ],
    [
      '{{$d := sprig_dict "a" (sprig_dict)}}{{$c := sprig_deepCopy $d}}{{$_ := sprig_set $c.a "k" 1}}{{$d}}{{$c}}',
      'map[a:map[]]map[a:map[k:1]]',
    ],
  ])('%s is %s', (template, expected) => {
    expect(rendered(template)).toBe(expected)
  })

  it('end also when one holds itself', () => {
    const self = '{{$d := sprig_dict}}{{$_ := sprig_set $d "d" $d}}'
    expect(() => rendered(`${self}{{sprig_deepCopy $d}}`)).toThrow('nested more than')
    expect(rendered(`${self}{{sprig_toJson $d}}`)).toBe('')
    const other = '{{$e := sprig_dict}}{{$_ := sprig_set $e "d" $e}}'
    expect(() => rendered(`${self}${other}{{sprig_deepEqual $d $e}}`)).toThrow('nested more than')
    expect(() => rendered(`${self}${other}{{sprig_merge $d $e}}`)).toThrow('nested more than')
  })
})

describe('versions', () => {
  it.each([
    ['^1.2.0', '1.2.3', true],
    ['^1.2.0', '2.2.3', false],
    ['^0.2.3', '0.2.9', true],
    ['^0.2.3', '0.3.0', false],
    ['^0.0.3', '0.0.4', false],
    ['^0', '0.9.0', true],
    ['~1.2.3', '1.2.9', true],
    ['~1.2.3', '1.3.0', false],
    ['~1', '1.9.0', true],
    ['>=1.2, <2 || >3', '1.9.9', true],
    ['>=1.2 <2 || >3', '2.5.0', false],
    ['>=1.2, <2 || >3', '3.1.0', false],
    ['>=1.2, <2 || >3', '4.0.0', true],
    ['1.x', '1.7.0', true],
    ['*', '9.9.9', true],
    ['1.2 - 1.4.5', '1.4.5', true],
    ['1.2 - 1.4.5', '1.4.6', false],
    ['!=1.2.3', '1.2.3', false],
    ['>1', '1.5.0', false],
    ['<=1', '1.5.0', true],
    ['>=1', '1.5.0-rc.1', false],
    ['>=1.0.0-0', '1.5.0-rc.1', true],
    ['=v1.2.3', 'v1.2.3+build', true],
  ])('%s %s: %s', (constraint, version, expected) => {
    expect(rendered(`{{sprig_semverCompare "${constraint}" "${version}"}}`)).toBe(`${expected}`)
  })

  it('can be asked for their parts', () => {
    expect(
      rendered('{{$v := sprig_semver "v1.2.3-rc.1+x"}}{{$v}} {{$v.Minor}} {{$v.Prerelease}}'),
    ).toBe('1.2.3-rc.1+x 2 rc.1')
  })
})

describe('secrets', () => {
  it.each([
    [1, 'long', 'ZedaFaxcZaso9*'],
    [2, 'long', 'Fovi2@JifpTupx'],
    [1, 'maximum', 'pf4zS1LjCg&LjhsZ7T2~'],
    [1, 'medium', 'ZedJuz8$'],
    [1, 'basic', 'pIS54PLs'],
    [1, 'short', 'Zed5'],
    [1, 'pin', '6685'],
  ])('password %d of kind %s is %s', (counter, kind, expected) => {
    const call = `sprig_derivePassword ${counter} "${kind}" "password" "user" "example.com"`
    expect(rendered(`{{${call}}}`)).toBe(expected)
  })

  it('come out of encryption as they went in', () => {
    expect(rendered('{{sprig_encryptAES "key" "text ✓" | sprig_decryptAES "key"}}')).toBe('text ✓')
    expect(() => rendered('{{sprig_decryptAES "key" "AAAA"}}')).toThrow('too short')
  })

  it.each([
    ['ecdsa', 'ec'],
    ['ed25519', 'ed25519'],
  ])('a private key of kind %s is one', (kind, expected) => {
    const pem = rendered(`{{sprig_genPrivateKey "${kind}"}}`)
    expect(createPrivateKey(pem).asymmetricKeyType).toBe(expected)
    expect(rendered('{{sprig_genPrivateKey "x"}}')).toBe('Unknown type x')
  })
})
