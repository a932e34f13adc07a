import { expect, it } from 'vitest'
import { readRegistration } from './service-definition.ts'

it.each(['.', '..', 'a/../b', './a', 'a/.'])(
  'refuses the name and the id %s, which no path could name',
  (word) => {
    expect(() => readRegistration(JSON.stringify({ Name: word }))).toThrow('Name')
    expect(() => readRegistration(JSON.stringify({ Name: 'web', ID: word }))).toThrow('ID')
  },
)

it.each(['...', 'a..b', '.a', '/a', 'a//b'])('takes the id %s', (ID) => {
  expect(readRegistration(JSON.stringify({ Name: 'web', ID })).service.id).toBe(ID)
})
