import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checksOf } from './checks.ts'
import type { CheckOptions } from './checks.ts'

const target = {
  address: '10.0.0.9',
  port: 8080,
  exposedPort: 80,
  containerId: 'abcdefabcdef0123456789',
}
const asRegistrator: CheckOptions = {
  areSeveralMade: false,
  isExtended: false,
  areCommandsMade: true,
}
const extended: CheckOptions = {
  areSeveralMade: false,
  isExtended: true,
  areCommandsMade: true,
}
const several: CheckOptions = {
  areSeveralMade: true,
  isExtended: true,
  areCommandsMade: true,
}

const checks = (
  attributes: Readonly<Record<string, string>>,
  options = asRegistrator,
  address = target.address,
) => checksOf(attributes, { ...target, address }, options).checks

describe('a check as Registrator makes it', () => {
  it('is made of the first attribute of the table alone, with defaults', () => {
    const attributes = {
      check_tcp: 'true',
      check_http: '/h',
      check_timeout: '1s',
      check_http_method: 'HEAD',
      check_initial_status: 'passing',
      check_deregister_after: '10m',
    }
    expect(checks(attributes)).toEqual([
      {
        HTTP: 'http://10.0.0.9:8080/h',
        Method: 'HEAD',
        Interval: '10s',
        Timeout: '1s',
        Status: 'passing',
        DeregisterCriticalServiceAfter: '10m',
      },
    ])
  })

  it('is none without an attribute that asks, or with an empty one', () => {
    expect(checks({ check_initial_status: 'passing', check_interval: '1s' })).toEqual([])
    expect(checks({ check_http: '', check_tcp: 'false' })).toEqual([
      { TCP: '10.0.0.9:8080', Interval: '10s' },
    ])
  })

  it('makes a path of what has no slash, has a method of its own for https and no skipped verification', () => {
    const attributes = {
      check_https: 'h',
      check_http_method: 'PUT',
      check_https_method: 'HEAD',
      check_tls_skip_verify: 'true',
      check_interval: '3s',
    }
    expect(checks(attributes)).toEqual([
      { HTTP: 'https://10.0.0.9:8080/h', Method: 'HEAD', Interval: '3s' },
    ])
  })

  it('calls check-cmd with the short id and the exposed port, without a timeout', () => {
    expect(checks({ check_cmd: '/bin/true', check_timeout: '1s' })).toEqual([
      { ScriptArgs: ['check-cmd', 'abcdefabcdef', '80', '/bin/true'], Interval: '10s' },
    ])
  })

  it('puts the address into a script, which is split as a shell does', () => {
    const script = `curl -H "A: b" http://$SERVICE_IP:$SERVICE_PORT/ '$SERVICE_PORTX' a\\ b`
    expect(checks({ check_script: script, check_timeout: '1s' })).toEqual([
      {
        ScriptArgs: ['curl', '-H', 'A: b', 'http://10.0.0.9:8080/', '$SERVICE_PORTX', 'a b'],
        Interval: '10s',
      },
    ])
  })

  it('has neither interval nor timeout with a TTL', () => {
    const attributes = { check_ttl: '30s', check_interval: '1s', check_timeout: '1s' }
    expect(checks({ ...attributes, check_initial_status: 'warning' })).toEqual([
      { TTL: '30s', Status: 'warning' },
    ])
  })

  it('skips the verification of gRPC only where it uses TLS', () => {
    const plain = { check_grpc: '1', check_tls_skip_verify: '1' }
    expect(checks(plain)).toEqual([{ GRPC: '10.0.0.9:8080', Interval: '10s' }])
    expect(checks({ ...plain, check_grpc_use_tls: '1', check_timeout: '2s' })).toEqual([
      {
        GRPC: '10.0.0.9:8080',
        GRPCUseTLS: true,
        TLSSkipVerify: true,
        Interval: '10s',
        Timeout: '2s',
      },
    ])
  })

  it('knows no attributes but those of the table', () => {
    const attributes = { check_docker: 'true', check_args: '["a"]', check_2_http: '/' }
    expect(checks(attributes)).toEqual([])
  })

  it('has IPv6 addresses in brackets', () => {
    expect(checks({ check_http: '/' }, asRegistrator, 'fd00::1')[0]?.HTTP).toBe(
      'http://[fd00::1]:8080/',
    )
    expect(checks({ check_tcp: 'x' }, asRegistrator, 'fd00::1')[0]?.TCP).toBe('[fd00::1]:8080')
  })
})

describe('a check with what Registrator does not know', () => {
  it('skips the verification of https', () => {
    const attributes = { check_https: '/', check_tls_skip_verify: '1' }
    expect(checks(attributes, extended)[0]?.TLSSkipVerify).toBe(true)
  })

  it('sends headers, one a line, and a body', () => {
    const attributes = {
      check_http: '/',
      check_http_header: 'Host: web.example\nX-A:1\n\nX-A: 2',
      check_http_body: '{}',
    }
    expect(checks(attributes, extended)[0]).toMatchObject({
      Header: { Host: ['web.example'], 'X-A': ['1', '2'] },
      Body: '{}',
    })
    const { problems } = checksOf({ ...attributes, check_http_header: 'no' }, target, extended)
    expect(problems[0]?.where).toBe('attribute check_http_header')
  })

  it('runs a command in the container, in a shell where one is named', () => {
    const docker = { check_docker: 'nc -z localhost $SERVICE_PORT' }
    expect(checks(docker, extended)).toEqual([
      {
        DockerContainerID: target.containerId,
        ScriptArgs: ['nc', '-z', 'localhost', '8080'],
        Interval: '10s',
      },
    ])
    expect(checks({ ...docker, check_docker_shell: '/bin/sh' }, extended)[0]?.ScriptArgs).toEqual([
      '/bin/sh',
      '-c',
      'nc -z localhost 8080',
    ])
  })

  it('takes the words of a command as a JSON list', () => {
    const args = '["probe", "$SERVICE_IP", "a b"]'
    expect(checks({ check_args: args }, extended)[0]?.ScriptArgs).toEqual([
      'probe',
      '10.0.0.9',
      'a b',
    ])
    const { checks: made, problems } = checksOf({ check_args: '[1]' }, target, extended)
    expect(made[0]?.ScriptArgs).toEqual(['[1]'])
    expect(problems).toHaveLength(1)
  })

  it('is one of several, each numbered family with attributes of its own', () => {
    const attributes = {
      check_http: '/',
      check_tcp: 'x',
      check_interval: '5s',
      check_10_tcp: 'x',
      check_2_http: '/two',
      check_2_interval: '7s',
    }
    expect(checks(attributes, several)).toEqual([
      { HTTP: 'http://10.0.0.9:8080/', Interval: '5s' },
      { TCP: '10.0.0.9:8080', Interval: '5s' },
      { HTTP: 'http://10.0.0.9:8080/two', Interval: '7s' },
      { TCP: '10.0.0.9:8080', Interval: '10s' },
    ])
  })
})

describe('splitting a script', () => {
  it.each([
    ['a  b\tc', ['a', 'b', 'c']],
    [`'a b'c "d e"`, ['a bc', 'd e']],
    [`"a\\"b" "\\$x \\n"`, ['a"b', '$x \\n']],
    [`a '' b`, ['a', '', 'b']],
  ])('reads %s', (script, words) => {
    expect(checks({ check_script: script })[0]?.ScriptArgs).toEqual(words)
  })

  it.each([`a 'b`, `a "b`, 'a\\'])('leaves %s as it is, and says why', (script) => {
    const { checks: made, problems } = checksOf({ check_script: script }, target, asRegistrator)
    expect(made[0]?.ScriptArgs).toEqual([script])
    expect(problems[0]?.what).toContain('not closed')
  })
})

describe('whatever a container says', () => {
  it.each(['@10.9.9.9/', '80/', 'health', ':1@10.9.9.9/', '\\\\10.9.9.9/', '//10.9.9.9/', '?a'])(
    'its path %s is asked of itself',
    (path) => {
      for (const attribute of ['check_http', 'check_https']) {
        const [made] = checks({ [attribute]: path })
        expect(new URL(made?.HTTP ?? '').host).toBe('10.0.0.9:8080')
      }
    },
  )

  it.each(['constructor', '__proto__', 'toString'])('takes a header of the name %s', (name) => {
    const [made] = checks({ check_http: '/', check_http_header: `${name}: x` }, extended)
    expect(Object.entries(made?.Header ?? {})).toEqual([[name, ['x']]])
  })

  it('never throws', () => {
    const key = fc
      .tuple(
        fc.constantFrom('check_', 'check_2_', `check_${'9'.repeat(30)}_`),
        fc.constantFrom('http', 'https', 'http_header', 'http_body', 'script', 'args', 'docker'),
      )
      .map((parts) => parts.join(''))
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('constructor: a', '__proto__: a\nvalueOf:', '{"a":1}', '[1]', `'`, '"', '\\'),
    )
    fc.assert(
      fc.property(fc.dictionary(key, value), (attributes) => {
        const { checks: made } = checksOf(attributes, target, several)
        for (const each of made) expect(each.HTTP ?? each.ScriptArgs).toBeDefined()
      }),
      { numRuns: 200 },
    )
  })
})

describe('checks that run a command on the host of the agent', () => {
  const barred: CheckOptions = { ...several, areCommandsMade: false }

  it.each(['cmd', 'script', 'args'])(
    'are left out with a problem where they are not wanted: %s',
    (name) => {
      const attributes = { [`check_${name}`]: '["true"]', check_http: '/h' }
      const made = checksOf(attributes, target, barred)
      expect(made.checks.map(({ HTTP }) => HTTP)).toEqual(['http://10.0.0.9:8080/h'])
      expect(made.problems).toMatchObject([{ where: `attribute check_${name}` }])
      expect(checksOf(attributes, target, several).checks).toHaveLength(2)
    },
  )

  it('are not those that run in the container itself', () => {
    expect(checksOf({ check_docker: 'true' }, target, barred).checks).toHaveLength(1)
  })
})
