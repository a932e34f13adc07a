import { describe, expect, it } from 'vitest'
import { hasUnknownPart, showWords, splitWords } from './split-words.ts'
import { ConfigSyntaxError } from './syntax-error.ts'

const split = (text: string): string[] => splitWords(text, 7)

describe('splitWords', () => {
  it('splits at blanks and drops comments', () => {
    expect(split('  server  a\t10.0.0.1:80 # note')).toEqual(['server', 'a', '10.0.0.1:80'])
    expect(split('# all of it')).toEqual([])
    expect(split(' \t ')).toEqual([])
    expect(split('a#b c')).toEqual(['a'])
    expect(split(String.raw`a\#b '#' "#"`)).toEqual(['a#b', '#', '#'])
  })

  it('resolves quotes and escapes as the manual has them', () => {
    expect(split(String.raw`%{+Q}o\ %t\ %s`)).toEqual(['%{+Q}o %t %s'])
    expect(split(`"%{+Q}o %t"' %s'`)).toEqual(['%{+Q}o %t %s'])
    expect(split(String.raw`\x41\t\n\r \'\" "\"'\$\\"`)).toEqual(['A\t\n\r', `'"`, `"'$\\`])
    expect(split(String.raw`'\n $x'`)).toEqual([String.raw`\n $x`])
    expect(split(String.raw`my/\1 \$`)).toEqual([String.raw`my/\1`, String.raw`\$`])
  })

  it('keeps empty words', () => {
    expect(split(`a "" b ''`)).toEqual(['a', '', 'b', ''])
  })

  it('ends the line at a carriage return, but not between words', () => {
    expect(split('mode http\r')).toEqual(['mode', 'http'])
    expect(split('mode\rhttp')).toEqual(['mode'])
    expect(split('\r mode \rhttp \r')).toEqual(['mode', 'http'])
  })

  it('tells apart what is one word or two by a variable that may not be set', () => {
    expect(split(`a"$B" c`)).not.toEqual(split(`a"$B"'' c`))
    expect(split(`a"$B" c`)).toEqual(split(`"a\${B}"\t c # d`))
    expect(split(`a "$B" # c`)).toEqual(split(`a "$B"`))
    expect(showWords(split(`a"$B" c`))).toBe('a${B} c')
  })

  it('keeps variables apart from text that looks the same', () => {
    const [variable = '', braced, literal = '', bare] = split(`"$A" "\${A}" '$A' $A`)
    expect(variable).toBe(braced)
    expect(literal).toBe(bare)
    expect(variable).not.toBe(literal)
    expect([hasUnknownPart(variable), hasUnknownPart(literal)]).toEqual([true, false])
    expect(showWords(split(`x "\${A-1}" "\${B[*]}" \\xe9`))).toBe('x ${A-1} ${B[*]} \\xe9')
  })

  it('names the line of what HAProxy would refuse', () => {
    for (const text of ['"a', "'a", String.raw`\xg1`, '"$"', '"${A"', '"${A[1]}"', 'a\0']) {
      expect(() => split(text)).toThrow(ConfigSyntaxError)
      expect(() => split(text)).toThrow(/^line 7: /)
    }
  })
})
