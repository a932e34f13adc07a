import { describe, expect, it } from 'vitest'
import { renderedHelpers as rendered } from '../../../../test/support/helper-template.ts'

describe('functions on texts', () => {
  it.each([
    ['{{split "," "\\u0085 a,b ,\\u2003"}}', '[a b  ]'],
    ['{{printf "%q" (split "" "aé\\xff😀")}}', '["a" "é" "\\xff" "😀"]'],
    ['{{len (split "," " \\n")}}', '0'],
    ['{{printf "%q" (split "\\xa9" "é,é")}}', '["\\xc3" ",\\xc3" ""]'],
    ['{{splitToMap "," ":" "a:1,b,c:x:y, d: "}}', 'map[ d: a:1 c:x:y]'],
    ['{{splitToMap "," ":" ""}}', 'map[]'],
    ['{{splitToMap "," "" "ab"}}', 'map[:ab]'],
    ['{{printf "%T" (splitToMap "," ":" "a:1")}}', 'map[string]string'],
    ['{{split "," "a,b,c" | join "; "}}', 'a; b; c'],
    ['{{join "\\xa9" (split "," "\\xc3,x")}}', '\u00e9x'],
    ['{{trim "-a" "a-b-a-"}}', 'b'],
    ['{{trim "😀" "😀x😀😀"}}', 'x'],
    ['{{trim "" " a "}}|', ' a |'],
    ['{{trimPrefix "ab" "abab"}} {{trimPrefix "x" "ab"}}', 'ab ab'],
    ['{{trimSuffix "ab" "abab"}} {{trimSuffix "" "ab"}}', 'ab ab'],
    ['{{printf "%q" (trimSuffix "\\xa9" "é")}}', '"\\xc3"'],
    ['{{printf "%q" (trimSpace "\\u00a0\\ufeff a \\u2028")}}', '"\\ufeff a"'],
    ['{{toUpper "aß\\u0149ŸéДǆ"}}', 'Aß\u0149ŸÉДǄ'],
    ['{{toUpper "ᾀᾳῳ"}}', 'ᾈᾼῼ'],
    ['{{toLower "AİΣД"}}', 'aiσд'],
    ['{{printf "%q" (toUpper "é\\xff")}}', '"É\ufffd"'],
    ['{{toTitle "o\'neil mc.donald x_y foo-bar"}}', "O'neil Mc.donald X_y Foo-Bar"],
    ['{{toTitle "hELLO ßa ǆx 1st été"}}', 'HELLO Ssa ǅx 1St Été'],
    ['{{toTitle "a漢b 1.a a:b c’d \\u0301x 1,a ’a. _a𝒶"}}', 'A漢B 1.A A:b C’d \u0301X 1,A ’A. _A𝒶'],
    ['{{replaceAll "" "-" "é😀"}}', '-é-😀-'],
    ['{{replaceAll "a" "$&$1" "aba"}}', '$&$1b$&$1'],
    ['{{printf "%q" (replaceAll "\\xa9" "\\xaa" "é")}}', '"\u00ea"'],
    ['{{indent 2 "a\\n\\n \\r\\nb\\n"}}|', '  a\n\n   \r\n  b\n|'],
    ['{{indent 0 "a"}}', 'a'],
    ['{{indent 1e2 "\\n"}}|', '\n|'],
  ])('%s gives %j', (template, expected) => {
    expect(rendered(template)).toBe(expected)
  })

  it.each([
    ['{{indent -1 "a"}}', 'error calling indent: indent value must be a positive integer'],
    ['{{indent 1000000000 "a"}}', 'error calling indent: text of more than 16777216 bytes'],
    ['{{join "," (parseJSON "[]")}}', 'expected []string; got []interface {}'],
    ['{{toUpper 1}}', 'expected string; found 1'],
    ['{{split ","}}', 'wrong number of args for split: want 2 got 1'],
  ])('%s fails', (template, reason) => {
    expect(() => rendered(template)).toThrow(reason)
  })

  it('do not make more than fits into memory', () => {
    const million = 'x'.repeat(1_500_000)
    for (const [template, reason] of [
      ['{{split "" .}}', 'more than 1000000 items'],
      ['{{split "x" .}}', 'more than 1000000 items'],
      ['{{replaceAll "x" . .}}', 'text of more than 16777216 bytes'],
      ['{{replaceAll "" . .}}', 'text of more than 16777216 bytes'],
      ['{{join . (split "y" (print "y" . "y" . "y" . "y" . "y" . "y" . "y"))}}', 'more than'],
    ] as const) {
      expect(() => rendered(template, million)).toThrow(reason)
    }
  })
})
