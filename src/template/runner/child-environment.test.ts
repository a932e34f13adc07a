import { expect, it } from 'vitest'
import type { ChildEnvironment, ConsulSetting } from '../config/contract.ts'
import { childEnvironment, consulVariables } from './child-environment.ts'

const parent = { PATH: '/bin', HOME: '/root', AWS_KEY: 'k', AWS_SECRET: 's', MY_AWS: 'm' }
const consul = { CONSUL_HTTP_ADDR: '1.2.3.4:8500' }
const all: ChildEnvironment = { isPristine: false, allowed: [], denied: [], custom: [] }

it.each<[string, Partial<ChildEnvironment>, string]>([
  ['everything by default', {}, 'AWS_KEY AWS_SECRET CONSUL_HTTP_ADDR HOME MY_AWS PATH'],
  [
    'pristine: only what is computed and custom',
    { isPristine: true, custom: ['A=b'] },
    'A CONSUL_HTTP_ADDR',
  ],
  ['an allowlist', { allowed: ['PATH', 'AWS_*'] }, 'AWS_KEY AWS_SECRET CONSUL_HTTP_ADDR PATH'],
  ['a denylist', { denied: ['*AWS*', 'H*E'] }, 'CONSUL_HTTP_ADDR PATH'],
  [
    'both: what is denied is not allowed',
    { allowed: ['AWS_*'], denied: ['*_S*T'] },
    'AWS_KEY CONSUL_HTTP_ADDR',
  ],
  [
    'a star does not match twice over the same letters',
    { denied: ['HOM*OME'] },
    'AWS_KEY AWS_SECRET CONSUL_HTTP_ADDR HOME MY_AWS PATH',
  ],
])('%s', (_what, setting, names) => {
  const environment = childEnvironment(parent, consul, { ...all, ...setting })
  expect(Object.keys(environment).toSorted().join(' ')).toBe(names)
})

it('lets custom variables win, with all that stands after the first equals sign', () => {
  const custom = ['CONSUL_HTTP_ADDR=own', 'OPTIONS=a=b\nc']
  const environment = childEnvironment(parent, consul, { ...all, custom })
  expect(environment).toMatchObject({ CONSUL_HTTP_ADDR: 'own', OPTIONS: 'a=b\nc' })
})

it('says which Consul is meant', () => {
  const setting = {
    address: 'consul:8500',
    token: 't',
    auth: undefined,
    ssl: { isEnabled: true, isVerified: false },
  } as ConsulSetting
  expect(consulVariables(setting)).toEqual({
    CONSUL_HTTP_ADDR: 'consul:8500',
    CONSUL_HTTP_TOKEN: 't',
    CONSUL_HTTP_SSL: 'true',
    CONSUL_HTTP_SSL_VERIFY: 'false',
  })
})
