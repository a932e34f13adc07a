import { assert, constantFrom, property, string } from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { dockerHost, isLoopback, listenAddress, overlaps } from './addresses.ts'
import { duration } from './duration.ts'
import { definitions, settingKeys } from './schema.ts'
import { account, countOrAuto, hostName, hostOrAddress, instanceName, network } from './values.ts'

/** What a text is read as; undefined when it is refused. */
function read<T>(parser: v.GenericSchema<string, T>, text: string): T | undefined {
  const result = v.safeParse(parser, text)
  return result.success ? result.output : undefined
}

describe('an address to listen on', () => {
  it.each([
    ['127.0.0.1:8080', '127.0.0.1:8080'],
    ['8080', '127.0.0.1:8080'],
    ['0080', '127.0.0.1:80'],
    [':80', '*:80'],
    ['*:80', '*:80'],
    ['0.0.0.0:80', '0.0.0.0:80'],
    ['localhost:80', '127.0.0.1:80'],
    ['[::1]:80', '[::1]:80'],
    ['[FD00::A]:80', '[fd00::a]:80'],
  ])('%s is %s', (text, address) => expect(read(listenAddress, text)).toBe(address))

  it.each(['', '0', '65536', 'host:80', '::1:80', '[127.0.0.1]:80', '1.2.3:80', '127.0.0.1', '*'])(
    'is never %j',
    (text) => expect(read(listenAddress, text)).toBeUndefined(),
  )

  it('overlaps with all addresses of its family', () => {
    expect(overlaps('*:80', '10.0.0.1:80')).toBe(true)
    expect(overlaps('0.0.0.0:80', '*:80')).toBe(true)
    expect(overlaps('*:80', '[::1]:80')).toBe(false)
    expect(overlaps('*:80', '*:81')).toBe(false)
  })

  it('is loopback on 127.0.0.0/8 and ::1 alone', () => {
    const addresses = ['127.9.9.9:1', '[::1]:1', '*:1', '0.0.0.0:1', '[::]:1', '10.0.0.1:1']
    expect(addresses.map(isLoopback)).toEqual([true, true, false, false, false, false])
  })
})

describe('a Docker daemon', () => {
  it.each([
    ['unix:///run/docker.sock', undefined, 'unix:///run/docker.sock', undefined],
    ['pi=tcp://10.0.0.2:2375/', 'pi', 'tcp://10.0.0.2:2375', undefined],
    ['tcp://[fd00::1]:2376?certs=/c', undefined, 'tcp://[fd00::1]:2376', '/c'],
    ['a.b=ssh://ann@host:2222', 'a.b', 'ssh://ann@host:2222', undefined],
  ])('%s', (text, name, url, certFolder) => {
    expect(read(dockerHost, text)).toEqual({ name, url, certFolder })
  })

  it.each([
    'tcp://host',
    'http://host:1',
    'unix://relative',
    'ssh://-oProxyCommand=x',
    'ssh://-l@host',
    'ssh://a:secret@host',
    'tcp://h:1?certs=relative',
    'ssh://h?certs=/c',
    '=tcp://h:1',
    'tcp://h:1/v1.41',
  ])('is never %s', (text) => expect(read(dockerHost, text)).toBeUndefined())
})

describe('other values', () => {
  it('are durations with units, and their sums', () => {
    const texts = ['500ms', '2s', '1m30s', '1d', '0s', '5', '5 m', '-1s', '1.5s', '25d', '']
    const durations = [500, 2000, 90_000, 86_400_000, 0]
    const found = texts.map((text) => read(duration, text))
    expect(found).toEqual([...durations, ...Array<undefined>(6).fill(undefined)])
  })

  it('are names, accounts and host names of the usual form', () => {
    expect(read(instanceName, 'a'.repeat(33))).toBeUndefined()
    expect(read(instanceName, 'Blue')).toBeUndefined()
    expect(read(account, 'www-data')).toBe('www-data')
    expect(read(account, 'a b')).toBeUndefined()
    expect(read(hostName, 'A.Example.')).toBe('a.example')
    expect(read(hostName, 'a..b')).toBeUndefined()
    expect(read(hostOrAddress, '[::1]')).toBe('::1')
  })

  it('are networks and counts', () => {
    const texts = ['10.0.0.0/8', '10.0.0.1', 'fd00::/8', '10.0.0.0/33', '10.0.0.0/8/8', 'x/8']
    expect(texts.map((text) => read(network, text))).toEqual([
      ...texts.slice(0, 3),
      ...Array<undefined>(3).fill(undefined),
    ])
    expect([read(countOrAuto, '10'), read(countOrAuto, '0')]).toEqual([10, undefined])
  })
})

it('reads any text into a value or a mistake that is one short line', () => {
  assert(
    property(constantFrom(...settingKeys), string({ unit: 'binary' }), (key, text) => {
      const definition = definitions[key]
      const result = v.safeParse(definition.parser, definition.kind === 'list' ? [text] : text)
      for (const issue of result.issues ?? []) {
        expect(issue.message).not.toMatch(/[\r\n]/)
        expect(issue.message.length).toBeLessThan(600)
      }
    }),
  )
})
