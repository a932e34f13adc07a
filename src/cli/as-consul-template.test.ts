import { expect, it } from 'vitest'
import { consulTemplateArguments } from './as-consul-template.ts'

it.each([
  ['node /x/fairlead.mjs template -once -template a:b', ['-once', '-template', 'a:b']],
  ['node /x/fairlead.mjs template', []],
  ['node /bin/consul-template', []],
  ['node /bin/consul-template template', ['template']],
  ['node /bin/consul-template.mjs -h', undefined],
  ['node /x/fairlead.mjs help template', undefined],
  ['node /x/consul-template/fairlead.mjs up', undefined],
])('%s', (line, args) => {
  expect(consulTemplateArguments(line.split(' '))).toEqual(args)
})
