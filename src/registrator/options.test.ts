import { homedir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { schemeOf, shownUri } from './backend.ts'
import { dockerHost } from './docker-host.ts'
import { interfaceAddress } from './options.ts'

describe('the address of an interface', () => {
  const address = (text: string, family: 'IPv4' | 'IPv6') => ({ address: text, family })
  const interfaces = {
    eth0: [
      address('fe80::1', 'IPv6'),
      address('192.0.2.7', 'IPv4'),
      address('192.0.2.8', 'IPv4'),
      address('2001:db8::7', 'IPv6'),
    ],
    six: [address('2001:db8::8', 'IPv6')],
    local: [address('169.254.1.1', 'IPv4'), address('fe80::2', 'IPv6')],
  }

  it.each([
    ['eth0', false, '192.0.2.7'],
    ['eth0', true, '2001:db8::7'],
    ['six', false, '2001:db8::8'],
    ['local', false, ''],
    ['eth9', false, ''],
  ])('%s, with IPv6 preferred: %s', (name, prefersIpv6, wanted) => {
    expect(interfaceAddress(name, prefersIpv6, interfaces)).toBe(wanted)
  })
})

describe('the Docker daemon', () => {
  it.each([
    [{}, 'unix:///tmp/docker.sock', undefined],
    [{ DOCKER_HOST: '' }, 'unix:///tmp/docker.sock', undefined],
    [{ DOCKER_TLS_VERIFY: '1' }, 'unix:///tmp/docker.sock', undefined],
    [{ DOCKER_HOST: 'tcp://h:2375' }, 'tcp://h:2375', undefined],
    [{ DOCKER_HOST: 'http://h:2375' }, 'tcp://h:2375', undefined],
    [{ DOCKER_HOST: 'tcp://h:1', DOCKER_TLS_VERIFY: '0' }, 'tcp://h:1', `${homedir()}/.docker`],
    [
      { DOCKER_HOST: 'tcp://h:1', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/certs' },
      'tcp://h:1',
      '/certs',
    ],
  ])('of %j', (environment, url, certFolder) => {
    expect(dockerHost(environment)).toEqual({ name: undefined, url, certFolder })
  })
})

describe('the URI of a registry', () => {
  it.each([
    ['Consul://h:1', 'consul://h:1'],
    ['consul:', 'consul:'],
    ['consul://user:p:w@h:1/x', 'consul://user:xxxxx@h:1/x'],
    ['consulkv://h/a:b@c', 'consulkv://h/a:b@c'],
  ])('%s is shown as %s', (uri, wanted) => expect(shownUri(uri)).toBe(wanted))

  it.each([
    ['127.0.0.1:8500', 'bad adapter uri: 127.0.0.1:8500'],
    ['%zz', 'bad adapter uri: %zz'],
    ['localhost:8500', 'unrecognized adapter: localhost:8500'],
    ['localhost', 'unrecognized adapter: localhost'],
  ])('%s is none: %s', (uri, message) => expect(() => schemeOf(uri)).toThrow(message))
})
