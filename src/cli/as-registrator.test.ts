import { expect, it } from 'vitest'
import { registratorArguments } from './as-registrator.ts'

it.each([
  ['node /x/fairlead.mjs registrator -ip 1.2.3.4 consul:', ['-ip', '1.2.3.4', 'consul:']],
  ['node /x/fairlead.mjs registrator', []],
  ['node /bin/registrator', []],
  ['node /bin/registrator registrator', ['registrator']],
  ['node /bin/registrator.mjs -h', undefined],
  ['node /x/fairlead.mjs help registrator', undefined],
  ['node /x/registrator/fairlead.mjs up', undefined],
])('%s', (line, args) => {
  expect(registratorArguments(line.split(' '))).toEqual(args)
})
