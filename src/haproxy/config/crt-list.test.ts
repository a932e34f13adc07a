import { expect, it } from 'vitest'
import { crtListEntries } from './crt-list.ts'

it('reads certificates, options and filters of a crt-list', () => {
  const content =
    '# all\n\n a.pem\nb.pem  [alpn h2  verify none]  *.b.test !x.b.test\r\nc.pem c.test\n'
  expect(crtListEntries(content)).toEqual([
    { certificate: 'a.pem', options: '', filters: [] },
    { certificate: 'b.pem', options: 'alpn h2 verify none', filters: ['*.b.test', '!x.b.test'] },
    { certificate: 'c.pem', options: '', filters: ['c.test'] },
  ])
})

it.each(['a.pem [alpn h2', 'a.pem x [alpn h2]', '"a b.pem" x'])('does not guess at %s', (line) => {
  expect(crtListEntries(`${line}\n`)).toBeUndefined()
})
