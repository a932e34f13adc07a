import { expect, it } from 'vitest'
import { retryingMs } from './retries.ts'

function ms(defaults: string, backend = ''): number {
  const config = `defaults\n  timeout connect 2s\n${defaults}backend b\n${backend}`
  return retryingMs({ config }, 'b')
}

it('waits for the tries and the pauses between them', () => {
  expect(ms('')).toBe(3 * 3_000 + 200)
  expect(ms('  retries 1\n')).toBe(3_200)
  expect(ms('', '  retries 2\n  timeout connect 500\n')).toBe(2 * 1_500 + 200)
  expect(retryingMs({ config: 'listen b\n' }, 'b')).toBe(3 * 11_000 + 200)
})

it('does not wait where each try goes to another server, or there is but one try', () => {
  expect(ms('  option redispatch 1\n')).toBe(0)
  expect(ms('', '  option redispatch 1\n')).toBe(0)
  expect(ms('  retries 0\n')).toBe(0)
  expect(retryingMs({ config: '' }, 'b')).toBe(0)
})

it('waits where the last try alone goes to another server, or a backend takes that back', () => {
  expect(ms('  option redispatch\n')).toBeGreaterThan(0)
  expect(ms('  option redispatch 1\n', '  no option redispatch\n')).toBeGreaterThan(0)
})
