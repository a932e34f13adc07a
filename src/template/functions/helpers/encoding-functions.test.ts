import { describe, expect, it } from 'vitest'
import { renderedHelpers as rendered } from '../../../../test/support/helper-template.ts'

describe('functions on the bytes of texts', () => {
  it.each([
    ['{{base64Encode "\\xff\\xfeé"}}', '//7DqQ=='],
    ['{{base64URLEncode "\\xff\\xfeé"}}', '__7DqQ=='],
    ['{{printf "%q" (base64Decode "//7D\\r\\nqQ=\\n=\\n")}}', '"\\xff\\xfeé"'],
    ['{{base64Decode ""}}|', '|'],
    ['{{base64URLDecode "Pz8-Pn5-"}}', '??>>~~'],
    ['{{md5sum "\\xff"}}', '00594fd4f42ba43fc1ca0427a0576295'],
    ['{{sha256Hex "\\xff"}}', 'a8100ae6aa1940d0b663bb31cd466142ebbdbd5187131b92d93818987832eb89'],
    [
      '{{"what do ya want for nothing?" | hmacSHA256Hex "x"}}{{len (hmacSHA256Hex "" "")}}',
      'f82218a0a30e5922efdbc94b699e3abeae9cbc5a0b877d3bc1d93f83dd75b46b64',
    ],
  ])('%s gives %j', (template, expected) => {
    expect(rendered(template)).toBe(expected)
  })

  it.each([
    ['a', 0],
    ['ab', 0],
    ['abc', 0],
    ['abcda', 4],
    ['ab=c', 2],
    ['abc=x', 4],
    ['ab=', 3],
    ['ab\n=\n', 5],
    ['a===', 1],
    ['=', 0],
    ['ab$d', 2],
    ['abéd', 2],
    ['ab_d', 2],
    ['abcd====', 4],
  ])('base64Decode says where %j is wrong: %d', (text, position) => {
    expect(() => rendered('{{base64Decode .}}', text)).toThrow(
      `error calling base64Decode: base64Decode: illegal base64 data at input byte ${position}`,
    )
  })
})
