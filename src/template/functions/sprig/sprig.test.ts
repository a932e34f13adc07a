import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { execute, parseTemplate } from '../../go/template.ts'
import { anyMapType, anySliceType, anyType, mapOf, stringType } from '../../go/types.ts'
import { goMap, list } from '../../go/values.ts'
import type { GoFunction, Value } from '../../go/values.ts'
import { sprigFunctions } from './all-sprig.ts'

function rendered(template: string, value: Value = null): string {
  const parsed = parseTemplate('', template, { functions: sprigFunctions, missingKey: 'zero' })
  return execute(parsed, value)
}

describe('the functions of Sprig', () => {
  // Observed with consul-template.
  it.each([
    ['sprig_lower "A"', 'a'],
    ['sprig_title "hello world"', 'Hello World'],
    ['sprig_repeat 3 "ab"', 'ababab'],
    ['sprig_kebabcase "FirstName"', 'first-name'],
    ['sprig_quote "a" 1', '"a" "1"'],
    ['sprig_squote "a"', "'a'"],
    ['sprig_cat "a" 1 "b"', 'a 1 b'],
    ['sprig_nindent 2 "a\\nb"', '\n  a\n  b'],
    ['sprig_sha256sum "a"', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb'],
    ['sprig_adler32sum "a"', '6422626'],
    ['sprig_toString 1', '1'],
    ['sprig_atoi "12"', '12'],
    ['sprig_int 3.7', '3'],
    ['sprig_seq 3', '1 2 3'],
    ['sprig_toStrings (sprig_list 1 2)', '[1 2]'],
    ['sprig_until 3', '[0 1 2]'],
    ['sprig_max 1 5 3', '5'],
    ['sprig_ceil 1.2', '2'],
    ['sprig_round 2.5 0', '3'],
    ['sprig_default "d" ""', 'd'],
    ['sprig_empty 0', 'true'],
    ['sprig_coalesce "" 0 "x"', 'x'],
    ['sprig_toJson (sprig_dict "b" 1 "a" 2)', '{"a":2,"b":1}'],
    ['sprig_toPrettyJson (sprig_dict "b" 1)', '{\n  "b": 1\n}'],
    ['sprig_ternary "y" "n" true', 'y'],
    ['sprig_typeOf "a"', 'string'],
    ['sprig_kindIs "string" "a"', 'true'],
    ['sprig_dir "/a/b.c"', '/a'],
    ['sprig_ext "/a/b.c"', '.c'],
    ['sprig_b32enc "hi"', 'NBUQ===='],
    ['sprig_b32dec "NBUQ===="', 'hi'],
    ['sprig_pluck "a" (sprig_dict "a" 1) (sprig_dict "a" 2)', '[1 2]'],
    ['sprig_mergeOverwrite (sprig_dict "a" 1) (sprig_dict "a" 2 "b" 3)', 'map[a:2 b:3]'],
    ['sprig_dig "a" "b" "def" (sprig_dict "a" (sprig_dict "b" 7))', '7'],
    ['sprig_slice (sprig_list 1 2 3) 1 2', '[2]'],
    ['sprig_sortAlpha (sprig_list "b" "a" "10" "9")', '[10 9 a b]'],
    ['sprig_split "," "a,b"', 'map[_0:a _1:b]'],
    ['sprig_splitn "," 2 "a,b,c"', 'map[_0:a _1:b,c]'],
    ['sprig_semverCompare ">=2" "1.3.0"', 'false'],
    ['sprig_regexMatch "^a" "abc"', 'true'],
    ['sprig_regexFindAll "[a-z]" "abc" 2', '[a b]'],
    ['sprig_untitle "Hello"', 'hello'],
    ['sprig_trimall "a" "aba"', 'b'],
    ['sprig_int "abc"', '0'],
  ])('gives for %s what consul-template gives', (call, expected) => {
    expect(rendered(`{{${call}}}`)).toBe(expected)
  })

  it('has no function that looks at the world', () => {
    for (const name of [
      'now',
      'date',
      'env',
      'expandenv',
      'uuidv4',
      'randAlpha',
      'getHostByName',
    ]) {
      expect(() => rendered(`{{sprig_${name}}}`)).toThrow(`function "sprig_${name}" not defined`)
    }
  })

  it.each([
    ['sprig_hello', 'Hello!'],
    ['sprig_all 1 ""', 'false'],
    ['sprig_any 0 "x"', 'true'],
    ['sprig_default "d"', 'd'],
    ['sprig_coalesce 0 ""', '<no value>'],
    ['sprig_deepEqual (sprig_list 1 "a") (sprig_list 1 "a")', 'true'],
    ['sprig_deepEqual 1 1.0', 'false'],
    ['sprig_typeOf nil', '<nil>'],
    ['sprig_typeOf (sprig_add 1)', 'int64'],
    ['sprig_kindOf (sprig_list)', 'slice'],
    ['sprig_kindOf (sprig_dict)', 'map'],
    ['sprig_kindOf .', 'invalid'],
    ['sprig_typeIsLike "semver.Version" (sprig_semver "1")', 'true'],
    ['sprig_typeIs "*semver.Version" (sprig_semver "1")', 'true'],
  ])('chooses and names types: %s is %s', (call, expected) => {
    expect(rendered(`{{${call}}}`)).toBe(expected)
  })

  it.each([
    ['sprig_toJson (sprig_fromJson "{\\"a\\":[1,null]}")', '{"a":[1,null]}'],
    ['sprig_fromJson "nope"', '<no value>'],
    ['sprig_toRawJson "<"', '"<"'],
    ['sprig_toJson "<"', '"\\u003c"'],
    ['sprig_b64enc "hi?>"', 'aGk/Pg=='],
    ['sprig_b64dec "aGk/Pg=="', 'hi?>'],
    ['sprig_b64dec "aGk/\\nPg=="', 'hi?>'],
    ['sprig_b64dec "a!"', 'illegal base64 data at input byte 1'],
    ['sprig_b64dec "aGk/Pg"', 'illegal base64 data at input byte 4'],
    ['sprig_b32dec "1"', 'illegal base32 data at input byte 0'],
    ['sprig_sha1sum "abc"', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['sprig_base "/a/b/"', 'b'],
    ['sprig_base ""', '.'],
    ['sprig_osBase "/"', '/'],
    ['sprig_dir "a/b/"', 'a/b'],
    ['sprig_dir "a"', '.'],
    ['sprig_clean "/../a//./b/../c/"', '/a/c'],
    ['sprig_clean "../../a/.."', '../..'],
    ['sprig_ext ".profile"', '.profile'],
    ['sprig_isAbs "a"', 'false'],
    ['sprig_duration "95"', '1m35s'],
    ['sprig_duration (sprig_int64 3600)', '1h0m0s'],
    ['sprig_durationRound "2h10m5s"', '2h'],
    ['sprig_durationRound "2400h10m5s"', '3mo'],
  ])('encodes and decodes: %s is %s', (call, expected) => {
    expect(rendered(`{{${call}}}`)).toBe(expected)
  })
})

describe('functions that fail', () => {
  it.each([
    ['sprig_fail "no port"', 'error calling sprig_fail: no port'],
    ['sprig_mustFromJson "{"', 'unexpected end of JSON input'],
    ['sprig_repeat 100000000 "abc"', 'repeat: the text becomes longer than'],
    ['sprig_repeat -1 "a"', 'strings: negative Repeat count'],
    ['sprig_nindent 100000000 "a"', 'the text becomes longer than'],
    ['sprig_until 100000000', 'until: more than 1000000 items'],
    ['sprig_untilStep 0 9223372036854775807 1', 'untilStep: more than 1000000 items'],
    ['sprig_seq 1 100000000', 'seq: more than 1000000 items'],
    ['sprig_div 1 0', 'runtime error: integer divide by zero'],
    ['sprig_divf 1 0', 'decimal division by 0'],
    ['sprig_first "a"', 'Cannot find first on type string'],
    ['sprig_mustFirst 1', 'Cannot find first on type int'],
    ['sprig_slice (sprig_list 1) 0 5', 'reflect.Value.Slice: slice index out of bounds'],
    ['sprig_concat (sprig_list 1) 2', 'Cannot concat type int as list'],
    ['sprig_dig "a" (sprig_dict)', 'dig needs at least three arguments'],
    ['sprig_regexFind "(" "a"', 'regexp: Compile(`(`): error parsing regexp:'],
    ['sprig_mustRegexFind "(" "a"', 'error calling sprig_mustRegexFind: error parsing regexp:'],
    ['sprig_semver "x"', 'Invalid Semantic Version'],
    ['sprig_semverCompare "no" "1"', 'improper constraint: no'],
    ['sprig_urlParse "http://a:b/"', 'unable to parse url: parse "http://a:b/": invalid port ":b"'],
    ['sprig_urlParse "%zz"', 'invalid URL escape "%zz"'],
    ['sprig_bcrypt "a"', 'sprig_bcrypt is not supported by fairlead'],
    ['sprig_genCA "a" 1', 'sprig_genCA is not supported by fairlead'],
    ['sprig_randInt 5 5', 'invalid argument to Intn'],
  ])('%s: %s', (call, message) => {
    expect(() => rendered(`{{${call}}}`)).toThrow(message)
  })

  const value = fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constant(null),
      fc.boolean(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.integer({ min: -5, max: 20 }).map(BigInt),
      fc.double(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('(', 'a*', '1.2.3', '>1', '%', 'http://u@h:1/p?q#f', '{"a":1}', 'string'),
      fc.uint8Array(),
      fc.array(tie('value')).map((items) => list(anySliceType, items)),
      fc.array(fc.tuple(fc.string(), tie('value'))).map((entries) => goMap(anyMapType, entries)),
      fc
        .array(fc.tuple(fc.double(), tie('value')))
        .map((entries) => goMap(mapOf(anyType, anyType), entries)),
    ),
  })).value

  const fitting: Readonly<Record<string, fc.Arbitrary<Value>>> = {
    string: fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('(', 'a*', '', '1.2.3', '^1.x || >2', '%', 'http://u@h:1/p?q#f', '{"a":1}'),
    ),
    int: fc.oneof(
      fc.integer({ min: -5, max: 20 }).map(BigInt),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    ),
    bool: fc.boolean(),
    'map[string]interface {}': fc
      .array(fc.tuple(fc.string(), value))
      .map((entries) => goMap(anyMapType, entries)),
    float64: fc.double(),
  }

  /** Arguments that the evaluator would let through to a function. */
  function argumentsOf(call: GoFunction): fc.Arbitrary<readonly Value[]> {
    const types = [...call.parameters, ...(call.rest === undefined ? [] : [call.rest, call.rest])]
    return fc.tuple(...types.map((type) => fitting[type.name] ?? value))
  }

  // A key of 4096 bits takes seconds, and scrypt is slow on purpose.
  const slow = ['sprig_genPrivateKey', 'sprig_derivePassword']
  const names = Object.keys(sprigFunctions).filter((name) => !slow.includes(name))

  it.each(names)('%s takes any arguments, and fails with nothing but an error', (name) => {
    const call = sprigFunctions[name]
    if (call === undefined) throw new Error(`no ${name}`)
    fc.assert(
      fc.property(argumentsOf(call), (args) => {
        const entries = args.map((arg, index) => [`a${index}`, arg] as const)
        const operands = args.map((_, index) => `.a${index}`).join(' ')
        try {
          const text = rendered(`{{${name} ${operands}}}`, goMap(anyMapType, entries))
          expect(text).toBeTypeOf('string')
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
          expect(String(error)).not.toMatch(/TypeError|is not a function|undefined/)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('has all parameters of types that are known here', () => {
    const types = Object.values(sprigFunctions).flatMap(({ parameters }) => parameters)
    const known = [...Object.keys(fitting), anyType.name, stringType.name]
    expect(types.filter(({ name }) => !known.includes(name))).toEqual([])
  })
})
