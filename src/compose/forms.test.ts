import { describe, expect, it } from 'vitest'
import { parseDotenv } from './dotenv.ts'
import { interpolate } from './interpolate.ts'
import { readExpose, readPorts } from './port-forms.ts'
import { mapping, scalar } from './tree.ts'
import type { Entry } from './tree.ts'

const at = { file: 'compose.yaml', line: 1, column: 1 }
const variables = new Map([
  ['A', 'a'],
  ['EMPTY', ''],
  ['B_1', '$A'],
])
const lookup = (name: string): string | undefined => variables.get(name)

describe('interpolation', () => {
  it.each([
    ['plain', 'plain'],
    ['$A-${A}', 'a-a'],
    ['$B_1', '$A'],
    ['$$A $${A} $$$A', '$A ${A} $a'],
    ['${A:-x}${EMPTY:-x}${NONE:-x}', 'axx'],
    ['${A-x}${EMPTY-x}${NONE-x}', 'ax'],
    ['${A:+x}${EMPTY:+x}${NONE:+x}', 'x'],
    ['${A+x}${EMPTY+x}${NONE+x}', 'xx'],
    ['${A:?no}${EMPTY?no}', 'a'],
    ['${NONE:-${EMPTY:-${A}}!}', 'a!'],
    ['${NONE:-{x}}', '{x}'],
    ['${NONE:-two words: $A}', 'two words: a'],
    ['${NONE:--}', '-'],
  ])('of %s is %s', (text, expected) => {
    expect(interpolate(text, lookup)).toEqual({ text: expected, unset: [] })
  })

  it('names what is not set, once for each place, and takes it as empty', () => {
    expect(interpolate('$NONE/${NEITHER}', lookup)).toEqual({
      text: '/',
      unset: ['NONE', 'NEITHER'],
    })
  })

  it.each([
    ['${EMPTY:?it is empty}', 'wants the variable EMPTY, which is not set: it is empty'],
    ['${NONE?}', 'wants the variable NONE, which is not set'],
    ['${A', 'has a ${ without its }'],
    ['${}', 'has ${…} around what is no variable'],
    ['${A!}', 'has ${…} around what is no variable'],
    ['100$', 'has a $ that begins no variable; write $$ for a dollar sign'],
    [`${'${A:+'.repeat(60)}${'}'.repeat(60)}`, 'has variables that are nested too deep'],
    ['$1', 'has a $ that begins no variable; write $$ for a dollar sign'],
  ])('of %s fails by name', (text, fault) => {
    expect(interpolate(text, lookup)).toEqual({ fault })
  })
})

describe('a .env file', () => {
  it('has names and values, quoted or not, and comments', () => {
    const text = [
      '# a comment',
      'PLAIN=one two # and a comment',
      '  export SPACED = x ',
      'COLON: y',
      "SINGLE='$A # \"'",
      'DOUBLE="$A\\n\\"#\\"" # comment',
      'HASH=a#b',
      'EMPTY_ONE=',
      'LATER=${PLAIN}!',
      'no assignment',
      'BROKEN=${A',
    ].join('\r\n')
    expect(Object.fromEntries(parseDotenv(text, lookup))).toEqual({
      PLAIN: 'one two',
      SPACED: 'x',
      COLON: 'y',
      SINGLE: '$A # "',
      DOUBLE: 'a\n"#"',
      HASH: 'a#b',
      EMPTY_ONE: '',
      LATER: 'one two!',
      BROKEN: '${A',
    })
  })
})

describe('ports', () => {
  const read = (text: string): string[] | undefined =>
    readPorts(scalar(text, at))?.map(({ port, protocol, hostIp, host }) => {
      const published = host === undefined ? '' : `${host.first}-${host.last}`
      return `${hostIp}|${published}|${port}/${protocol}`
    })

  it.each([
    ['80', ['||80/tcp']],
    ['8000-8001', ['||8000/tcp', '||8001/tcp']],
    ['8080:80', ['|8080-8080|80/tcp']],
    ['8080:80/udp', ['|8080-8080|80/udp']],
    ['9000-9001:80-81', ['|9000-9000|80/tcp', '|9001-9001|81/tcp']],
    ['9000-9010:80', ['|9000-9010|80/tcp']],
    ['127.0.0.1:8080:80', ['127.0.0.1|8080-8080|80/tcp']],
    ['127.0.0.1::80', ['127.0.0.1||80/tcp']],
    ['[::1]:8080:80', ['::1|8080-8080|80/tcp']],
    [' 80 ', ['||80/tcp']],
  ])('are read from %s', (text, expected) => {
    expect(read(text)).toEqual(expected)
  })

  it.each([
    '',
    '0',
    '65536',
    'http',
    '80:',
    '80/icmp',
    '81-80',
    '1-60000',
    '8000-8001:80-82',
    '-80',
  ])('are not read from %s', (text) => expect(read(text)).toBeUndefined())

  it('are read from the long form', () => {
    const long = (given: Record<string, string>): unknown => {
      const entries = Object.entries(given).map(([key, text]): [string, Entry] => {
        return [key, { at, value: scalar(text, at) }]
      })
      return readPorts(mapping(new Map(entries), at))?.map(({ port, protocol, hostIp, host }) => ({
        port,
        protocol,
        hostIp,
        host,
      }))
    }
    const host = { first: 8080, last: 8080 }
    expect(long({ target: '80', published: '8080', host_ip: '::1', mode: 'host' })).toEqual([
      { port: 80, protocol: 'tcp', hostIp: '::1', host },
    ])
    expect(long({ target: '53', protocol: 'udp' })).toEqual([
      { port: 53, protocol: 'udp', hostIp: '', host: undefined },
    ])
    expect(long({ published: '8080' })).toBeUndefined()
    expect(long({ target: '80', published: 'x' })).toBeUndefined()
    expect(readPorts({ kind: 'list', items: [], at, tag: undefined })).toBeUndefined()
  })

  it('to expose may be ranges and have a protocol', () => {
    expect(readExpose('80')).toEqual([{ port: 80, protocol: 'tcp' }])
    expect(readExpose('8000-8001/UDP')).toEqual([
      { port: 8000, protocol: 'udp' },
      { port: 8001, protocol: 'udp' },
    ])
    expect(readExpose('8080:80')).toBeUndefined()
  })
})
