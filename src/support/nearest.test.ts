import { expect, it } from 'vitest'
import { nearest } from './nearest.ts'

const keys = ['enable', 'port', 'network', 'host', 'weight', 'maxconn']

it('finds the word behind a typing mistake', () => {
  expect(nearest('prot', keys)).toBe('port')
  expect(nearest('wieght', keys)).toBe('weight')
  expect(nearest('Hosts', keys)).toBe('host')
  expect(nearest('netwrk', keys)).toBe('network')
})

it('suggests nothing for a word that is near to none', () => {
  expect(nearest('colour', keys)).toBeUndefined()
  expect(nearest('', keys)).toBeUndefined()
  expect(nearest('x', [])).toBeUndefined()
})

it('takes the first of equally near words', () => {
  expect(nearest('cat', ['bat', 'rat'])).toBe('bat')
})

it('stays quick when the word is as long as a label may be', () => {
  expect(nearest('p'.repeat(60_000), keys)).toBeUndefined()
})
