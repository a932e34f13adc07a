import { describe, expect, it } from 'vitest'
import { execute, parseTemplate } from '../../go/template.ts'
import type { FunctionSet } from '../function-set.ts'
import { newWork } from '../helpers/regex-functions.ts'
import { sprigFunctions } from './all-sprig.ts'
import { expressionFunctions } from './expressions.ts'

function rendered(template: string): string {
  const parsed = parseTemplate('', template, { functions: sprigFunctions, missingKey: 'zero' })
  return execute(parsed, null)
}

describe('what would take too long or too much', () => {
  it.each([
    ['splitList "," (sprig_repeat 4000000 ",")', 'split: more than 1000000 items'],
    ['split "" (sprig_repeat 4000000 "x")', 'split: more than 1000000 items'],
    ['regexFindAll "" (sprig_repeat 2000000 "y") -1', 'regex: more than 1000000 items'],
    ['regexSplit "(y)" (sprig_repeat 600000 "y") -1', 'regex: more than 1000000 items'],
    [
      'regexMatch "(x{1000})+z" (sprig_repeat 4000000 "x")',
      'regular expression too large for so much text',
    ],
  ])('%s is refused', (call, reason) => {
    expect(() => rendered(`{{sprig_${call}}}`)).toThrow(reason)
  })

  it('is also refused when it is done by many calls of one evaluation', () => {
    const text =
      '{{$x := sprig_repeat 100000 "x"}}{{range 1000}}{{$y := sprig_regexMatch "%s" $x}}{{end}}'
    const many = text.replace('%s', 'z{900}')
    const parsed = parseTemplate('', many, { functions: sprigFunctions, missingKey: 'zero' })
    const functions = (): FunctionSet => {
      return Object.fromEntries(
        Object.entries(expressionFunctions(newWork(2 ** 27))).map(([name, call]) => [
          `sprig_${name}`,
          call,
        ]),
      )
    }
    expect(() => execute(parsed, null, { functions })).toThrow('too large for so much text')
  })
})

describe('texts', () => {
  it.each([
    ['sprig_abbrev 5 "hello world"', 'he...'],
    ['sprig_abbrev 3 "hello"', 'hello'],
    ['sprig_abbrevboth 5 10 "1234 5678 9123"', '...5678...'],
    ['sprig_abbrevboth 9 10 "1234 5678 9123"', '...78 9123'],
    ['sprig_trunc 5 "hello world"', 'hello'],
    ['sprig_trunc -5 "hello world"', 'world'],
    ['sprig_trunc -50 "hello"', 'hello'],
    ['sprig_substr 0 5 "hello world"', 'hello'],
    ['sprig_substr -1 3 "hello"', 'hel'],
    ['sprig_substr 2 -1 "hello"', 'llo'],
    ['sprig_substr 1 3 "é!"', '\udca9!'],
    ['sprig_trim "  a \\n"', 'a'],
    ['sprig_trimAll "$" "$5.00$"', '5.00'],
    ['sprig_trimPrefix "-" "--a"', '-a'],
    ['sprig_trimSuffix "-" "a--"', 'a-'],
    ['sprig_upper "straße é"', 'STRAßE É'],
    ['sprig_title "it\'s a_b x-y éa"', "It'S A_b X-Y Éa"],
    ['sprig_untitle "Hello World"', 'hello world'],
    ['sprig_swapcase "This Is"', 'tHIS iS'],
    ['sprig_initials "First Try"', 'FT'],
    ['sprig_nospace "h e\\tl lo"', 'hello'],
    ['sprig_wrap 5 "hello world foo"', 'hello\nworld\nfoo'],
    ['sprig_wrap 3 "hello world"', 'hello\nworld'],
    ['sprig_wrapWith 5 "|" "HelloWorldFoo"', 'Hello|World|Foo'],
    ['sprig_wrapWith 5 "\\t" "Hello World"', 'Hello\tWorld'],
    ['sprig_contains "cat" "catch"', 'true'],
    ['sprig_hasPrefix "cat" "catch"', 'true'],
    ['sprig_hasSuffix "cat" "catch"', 'false'],
    ['sprig_indent 2 "a\\n\\nb"', '  a\n  \n  b'],
    ['sprig_replace " " "-" "a b c"', 'a-b-c'],
    ['sprig_replace "" "-" "ab"', '-a-b-'],
    ['sprig_plural "one" "many" 1', 'one'],
    ['sprig_plural "one" "many" 2', 'many'],
    ['sprig_quote "a\\"b" nil 1.5', '"a\\"b" "1.5"'],
    ['sprig_squote 1 "b"', "'1' 'b'"],
    ['sprig_cat "a" nil true', 'a true'],
    ['sprig_join "_" (sprig_list 1 "b" true)', '1_b_true'],
    ['sprig_join "_" "x"', 'x'],
    ['sprig_splitList "," "a,b,"', '[a b ]'],
    ['(sprig_split "$" "foo$bar")._1', 'bar'],
    ['sprig_splitn "$" 0 "a$b"', 'map[]'],
    ['sprig_splitn "$" -1 "a$b"', 'map[_0:a _1:b]'],
    ['len (sprig_shuffle "hello")', '5'],
  ])('%s is %s', (call, expected) => {
    expect(rendered(`{{${call}}}`)).toBe(expected)
  })

  it.each([
    ['FirstName', 'first_name', 'FirstName'],
    ['HTTPServer', 'http_server', 'HTTPServer'],
    ['NoHTTPS', 'no_https', 'NoHTTPS'],
    ['GO_PATH', 'go_path', 'GOPATH'],
    ['GO PATH', 'go_path', 'GOPATH'],
    ['GO-PATH', 'go_path', 'GOPATH'],
    ['http2xx', 'http_2xx', 'Http2xx'],
    ['HTTP20xOK', 'http_20x_ok', 'HTTP20xOK'],
    ['Duration2m3s', 'duration_2m3s', 'Duration2m3s'],
    ['Bld4Floor3rd', 'bld4_floor_3rd', 'Bld4Floor3rd'],
    ['http_server', 'http_server', 'HttpServer'],
    ['_complex__case_', '_complex__case_', '_Complex_Case_'],
    ['', '', ''],
  ])('%j is %j, and %j in camel case', (text, snake, camel) => {
    const quoted = JSON.stringify(text)
    expect(rendered(`{{sprig_snakecase ${quoted}}}`)).toBe(snake)
    expect(rendered(`{{sprig_kebabcase ${quoted}}}`)).toBe(snake.replaceAll('_', '-'))
    expect(rendered(`{{sprig_camelcase ${quoted}}}`)).toBe(camel)
  })
})

describe('regular expressions', () => {
  it.each([
    ['sprig_regexMatch "(" "a"', 'false'],
    ['sprig_mustRegexMatch "(?i)A" "xa"', 'true'],
    ['sprig_regexFindAll "[2,4,6,8]" "123456789" -1', '[2 4 6 8]'],
    ['sprig_regexFindAll "x*" "axb" -1', '[ x ]'],
    ['sprig_regexFind "[a-z][1-9]" "abcd1234"', 'd1'],
    ['sprig_regexFind "z" "abc"', ''],
    ['sprig_regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W"', '-W-xxW-'],
    ['sprig_regexReplaceAll "a(x*)b" "-ab-axxb-" "$1W"', '---'],
    ['sprig_regexReplaceAll "(?P<n>a)" "a" "$n$$"', 'a$'],
    ['sprig_regexReplaceAllLiteral "a(x*)b" "-ab-" "${1}"', '-${1}-'],
    ['sprig_regexSplit "z+" "pizza" -1', '[pi a]'],
    ['sprig_regexSplit "a" "banana" 2', '[b nana]'],
    ['sprig_regexSplit "a" "banana" 0', '[]'],
    ['sprig_regexQuoteMeta "1.2[3]"', '1\\.2\\[3\\]'],
  ])('%s is %s', (call, expected) => {
    expect(rendered(`{{${call}}}`)).toBe(expected)
  })
})

describe('URLs', () => {
  it('are taken apart', () => {
    const url = 'http://admin:secret@server.com:8080/a%20b?list=false#anchor'
    expect(rendered(`{{sprig_urlParse "${url}"}}`)).toBe(
      'map[fragment:anchor host:server.com:8080 hostname:server.com opaque: path:/a b ' +
        'query:list=false scheme:http userinfo:admin:secret]',
    )
    expect(rendered('{{(sprig_urlParse "mailto:a@b").opaque}}')).toBe('a@b')
    expect(rendered('{{(sprig_urlParse "http://[::1]:80/").hostname}}')).toBe('::1')
    expect(rendered('{{(sprig_urlParse "/only/path").path}}')).toBe('/only/path')
  })

  it.each([
    'http://admin:secret@server.com:8080/api?list=false#anchor',
    'http://[::1]:80/',
    'mailto:a@b',
    '/a%20b',
    'https://host',
    '',
  ])('%s is put together again', (url) => {
    expect(rendered(`{{sprig_urlParse "${url}" | sprig_urlJoin}}`)).toBe(url)
  })

  it('are made of texts only', () => {
    expect(() => rendered('{{sprig_urlJoin (sprig_dict "host" 1)}}')).toThrow(
      'unable to parse host key, must be of type string, but int found',
    )
  })
})
