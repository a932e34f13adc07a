import { expect, it } from 'vitest'
import { graceMs, Wants } from './wants.ts'

const apps = { id: 'n1', name: 'apps' }
const other = { id: 'n2', name: 'other' }

it('a network is wanted as long as one thing wants it', () => {
  const wants = new Wants()
  expect(wants.want('a', apps)).toBe(true)
  expect(wants.want('a', apps)).toBe(false)
  wants.want('b', apps)
  wants.drop('a', 'stopped', 0)
  expect(wants.all(0).get('n1')).toEqual({ name: 'apps', untilMs: undefined })
  wants.drop('b', 'stopped', 0)
  expect(wants.all(0).size).toBe(0)
})

it('what ended by itself is kept for a while, unless it is removed', () => {
  const wants = new Wants()
  wants.want('a', apps)
  wants.drop('a', 'ended', 1_000)
  expect(wants.all(1_000).get('n1')?.untilMs).toBe(1_000 + graceMs)
  expect(wants.all(1_000 + graceMs).size).toBe(0)
  wants.want('a', apps)
  wants.drop('a', 'ended', 1_000)
  wants.drop('a', 'stopped', 1_000)
  expect(wants.all(1_000).size).toBe(0)
})

it('what is back is wanted again', () => {
  const wants = new Wants()
  wants.want('a', apps)
  wants.drop('a', 'ended', 1_000)
  expect(wants.want('a', apps)).toBe(true)
  expect(wants.all(1_000 + graceMs).get('n1')?.untilMs).toBeUndefined()
})

it('a thing wants one network at a time', () => {
  const wants = new Wants()
  wants.want('a', apps)
  wants.want('a', other)
  expect([...wants.all(0).keys()]).toEqual(['n2'])
})

it('what is released wants nothing until it is retained, whatever is said of it', () => {
  const wants = new Wants()
  wants.want('a', apps)
  expect(wants.release('a')).toBe(true)
  expect(wants.release('a')).toBe(false)
  expect(wants.want('a', apps)).toBe(false)
  expect(wants.all(0).size).toBe(0)
  expect(wants.retain('a')).toBe(true)
  expect(wants.retain('a')).toBe(false)
  expect(wants.all(0).get('n1')).toEqual({ name: 'apps', untilMs: undefined })
})

it('what is released is not waited for when it ends, and is another thing when it comes back', () => {
  const wants = new Wants()
  wants.want('a', apps)
  wants.release('a')
  wants.drop('a', 'ended', 1_000)
  expect(wants.all(1_000).size).toBe(0)
  expect(wants.retain('a')).toBe(false)
  expect(wants.want('a', apps)).toBe(true)
  expect(wants.all(1_000).get('n1')).toEqual({ name: 'apps', untilMs: undefined })
})

it('keeps a network for one thing that ended by itself, beside one that is released', () => {
  const wants = new Wants()
  wants.want('a', apps)
  wants.want('b', apps)
  wants.release('a')
  wants.drop('b', 'ended', 1_000)
  expect(wants.all(1_000).get('n1')?.untilMs).toBe(1_000 + graceMs)
  expect(wants.all(1_000 + graceMs).size).toBe(0)
})
