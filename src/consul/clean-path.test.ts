import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isCleanPath, pathPart } from './clean-path.ts'

const path = (name: string): string => `/v1/health/service/${pathPart(name)}`

it.each(['..', '.', '/a', 'a//b', 'a/../b', 'a/.', './a'])(
  'knows that %s leads elsewhere',
  (name) => {
    expect(isCleanPath(path(name))).toBe(false)
  },
)

it.each(['web', 'a/b', 'a/', '...', '.a', 'a..b', 'a b', 'ü', 'a%2fb', 'a?b#c', '\ud800'])(
  'takes %j as it is',
  (name) => {
    expect(isCleanPath(path(name))).toBe(true)
  },
)

it('never throws, and agrees with how URLs are resolved', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', '.', '..', '')), (segments) => {
      const resolved = new URL(`http://h/v1/x/${segments.join('/')}`).pathname
      if (isCleanPath(path(segments.join('/'))))
        expect(resolved).toBe(`/v1/x/${segments.join('/')}`)
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      expect(typeof isCleanPath(path(name))).toBe('boolean')
    }),
  )
})
