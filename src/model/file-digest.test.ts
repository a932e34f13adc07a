import { expect, it } from 'vitest'
import { fileDigest, isDigest, isSameContent, withoutKeys } from './file-digest.ts'

it('tells the same content from another, whichever of them is a digest', () => {
  const digest = fileDigest('a')
  expect(digest).toMatch(/^\0sha256:[0-9a-f]{64}$/)
  expect(fileDigest(digest)).toBe(digest)
  expect(isSameContent('a', digest) && isSameContent(digest, 'a')).toBe(true)
  expect(isSameContent(digest, digest) && isSameContent('a', 'a')).toBe(true)
  expect(isSameContent('b', digest) || isSameContent('a', 'b')).toBe(false)
  expect(isSameContent(digest, fileDigest('b'))).toBe(false)
})

it('takes keys out of files, and nothing else', () => {
  const map = new Map([['/m', 'a b\n']])
  expect(withoutKeys(map)).toBe(map)
  const key = '-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----\n'
  const files = withoutKeys(new Map([...map, ['/k', key]]))
  expect(files.get('/m')).toBe('a b\n')
  expect(isDigest(files.get('/k') ?? '')).toBe(true)
})
