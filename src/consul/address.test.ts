import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { FairleadError } from '../model/errors.ts'
import { consulOptions, consulUri, type Environment } from './address.ts'

const addresses = (uri: string | undefined, environment: Environment = {}): readonly string[] =>
  consulOptions(uri, environment).addresses

function failure(uri: string | undefined, environment: Environment = {}): FairleadError {
  try {
    consulUri(uri, environment)
  } catch (error) {
    if (error instanceof FairleadError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const folder = mkdtempSync(join(tmpdir(), `fairlead-t-${process.pid}-address-`))
afterAll(() => rmSync(folder, { recursive: true }))

describe('the addresses of Consul', () => {
  it.each([
    ['consul://10.0.0.1:8500', ['http://10.0.0.1:8500']],
    ['consul://a:1,b:2,[::1]:3', ['http://a:1', 'http://b:2', 'http://[::1]:3']],
    ['consul://agent', ['http://agent:8500']],
    ['consul://:8600', ['http://127.0.0.1:8600']],
    ['consul://', ['http://127.0.0.1:8500']],
    ['CONSUL://a:1', ['http://a:1']],
    ['consul-tls://agent', ['https://agent:8501']],
    ['consul-tls://agent:9', ['https://agent:9']],
    ['consul-unix:///run/consul.sock', ['unix:///run/consul.sock']],
    ['consul-unix:///run/a b.sock?dc=x', ['unix:///run/a%20b.sock']],
    ['consul-unix://run/consul.sock', [`unix://${resolve('run/consul.sock')}`]],
    ['consul://user:secret@a:1/ignored#x', ['http://a:1']],
  ])('are read from %s', (uri, expected) => {
    expect(addresses(uri)).toEqual(expected)
  })

  it.each([
    ['127.0.0.2:1', {}, 'http://127.0.0.2:1'],
    ['http://h:2', {}, 'http://h:2'],
    ['http://h:2/v1?x', {}, 'http://h:2'],
    ['http://h:2', { CONSUL_HTTP_SSL: 'true' }, 'https://h:2'],
    ['https://h:3', {}, 'https://h:3'],
    ['unix:///run/c.sock', {}, 'unix:///run/c.sock'],
    ['', {}, 'http://127.0.0.1:8500'],
    ['', { CONSUL_HTTP_SSL: '1' }, 'https://127.0.0.1:8500'],
  ])('are CONSUL_HTTP_ADDR=%s where the URI has none (%o)', (given, others, expected) => {
    const environment = { CONSUL_HTTP_ADDR: given, ...others }
    expect(addresses(undefined, environment)).toEqual([expected])
    expect(addresses('consul://', environment)).toEqual([expected])
    expect(addresses('consul://uri:1', { CONSUL_HTTP_ADDR: given })).toEqual(['http://uri:1'])
  })
})

describe('consulUri', () => {
  it.each([
    ['consulkv://h:1/a/b', 'http://h:1', 'a/b'],
    ['consulkv:///services/', 'http://127.0.0.1:8500', 'services'],
    ['consulkv-unix:///run/c.sock:/a/b', 'unix:///run/c.sock', 'a/b'],
  ])('has the prefix of the keys in %s', (uri, address, prefix) => {
    const read = consulUri(uri, {})
    expect([read.kind, read.options.addresses, read.prefix]).toEqual(['keys', [address], prefix])
  })

  it('takes the datacenter from the query', () => {
    expect(consulOptions('consul://h:1?dc=east', {}).datacenter).toBe('east')
    expect(consulOptions('consul://h:1', {}).datacenter).toBeUndefined()
  })

  it('takes token, user and TLS from the environment', () => {
    const options = consulOptions('consul://h:1', {
      CONSUL_HTTP_TOKEN: ' t0ken ',
      CONSUL_HTTP_AUTH: 'u:p',
      CONSUL_CACERT: '/ca.pem',
      CONSUL_CAPATH: '/cas',
      CONSUL_CLIENT_CERT: '/c.pem',
      CONSUL_CLIENT_KEY: '/k.pem',
      CONSUL_TLS_SERVER_NAME: 'server.dc1.consul',
      CONSUL_HTTP_SSL_VERIFY: 'F',
    })
    expect(options).toEqual({
      addresses: ['http://h:1'],
      datacenter: undefined,
      token: 't0ken',
      auth: 'u:p',
      tls: {
        caFile: '/ca.pem',
        caFolder: '/cas',
        certFile: '/c.pem',
        keyFile: '/k.pem',
        serverName: 'server.dc1.consul',
        isVerified: false,
      },
    })
  })

  it('knows the older names of the certificate for consul-tls only, and the newer ones win', () => {
    const older = { CONSUL_TLSCERT: '/old.pem', CONSUL_TLSKEY: '/old-key.pem' }
    const newer = { CONSUL_CLIENT_CERT: '/new.pem', CONSUL_CLIENT_KEY: '/new-key.pem' }
    const cert = (uri: string, environment: Environment): string | undefined =>
      consulOptions(uri, environment).tls.certFile
    expect(cert('consul-tls://h', older)).toBe('/old.pem')
    expect(cert('consul://h', older)).toBeUndefined()
    expect(cert('consul-tls://h', { ...older, ...newer })).toBe('/new.pem')
  })

  it('prefers the token of the file, unless that is empty', () => {
    const file = join(folder, 'token')
    const token = (): string | undefined =>
      consulOptions('consul://', { CONSUL_HTTP_TOKEN_FILE: file, CONSUL_HTTP_TOKEN: 'variable' })
        .token
    writeFileSync(file, 'file\n')
    expect(token()).toBe('file')
    writeFileSync(file, '\n')
    expect(token()).toBe('variable')
  })

  it.each(['etcd://h:2379/services', 'skydns2://h/d.local', 'zookeeper://h/base', 'redis://h'])(
    'says that it does not speak to %s',
    (uri) => {
      expect(failure(uri)).toMatchObject({ code: 'registry_unsupported' })
      expect(failure(uri).hint).toContain('consul://')
    },
  )

  it.each([
    ['nonsense', {}],
    ['consul://h:70000', {}],
    ['consul://h:0', {}],
    ['consul://h:x', {}],
    ['consul://a b:1', {}],
    ['consul-unix://', {}],
    ['consulkv://h:1', {}],
    ['consulkv-unix:///run/c.sock', {}],
    ['consulkv://h:1/%zz', {}],
    ['consul://', { CONSUL_HTTP_ADDR: 'ftp://h' }],
    ['consul://', { CONSUL_HTTP_SSL: 'yes' }],
    ['consul://', { CONSUL_HTTP_SSL_VERIFY: 'maybe' }],
    ['consul://', { CONSUL_CLIENT_CERT: '/only.pem' }],
    ['consul://', { CONSUL_HTTP_TOKEN_FILE: '/nowhere/token' }],
  ] as const)('refuses %s with %o, and says what to do', (uri, environment) => {
    expect(failure(uri as string, environment as Environment)).toMatchObject({
      code: 'setting_invalid',
      hint: expect.stringMatching(/\w/) as string,
    })
  })

  it('has no secret in a message', () => {
    const secret = 's3cr3t'
    const errors = [
      failure(`consul://user:${secret}@h:70000`),
      failure('consul://', { CONSUL_HTTP_TOKEN: `${secret}\nX: y` }),
      failure('consul://', { CONSUL_HTTP_AUTH: secret, CONSUL_HTTP_SSL: 'yes' }),
      failure('consul://', { CONSUL_HTTP_ADDR: `http://u:${secret}@h:x` }),
      failure(`etcd://u:${secret}@h`),
    ]
    for (const error of errors) expect(`${error.message} ${error.hint}`).not.toContain(secret)
  })
})
