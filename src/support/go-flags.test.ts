import { describe, expect, it } from 'vitest'
import { flagsText, parseFlags } from './go-flags.ts'

const flags = {
  ip: { kind: 'string', fallback: '', usage: 'IP for ports mapped to the host' },
  mode: { kind: 'string', fallback: 'always', usage: 'one of `MODES`' },
  ttl: { kind: 'int', fallback: 0, usage: 'TTL in seconds' },
  every: { kind: 'int', fallback: 2000, usage: 'pause\nin ms' },
  cleanup: { kind: 'bool', fallback: false, usage: 'Remove dangling services' },
  v: { kind: 'bool', fallback: false, usage: 'say more' },
  label: { kind: 'strings', fallback: [], usage: 'a label' },
} as const

function parse(line: string) {
  return parseFlags(flags, line === '' ? [] : line.split(' '))
}

function values(line: string) {
  const parsed = parse(line)
  if (parsed.kind !== 'parsed') throw new Error(JSON.stringify(parsed))
  return parsed
}

describe('values', () => {
  it.each([
    ['-ip 10.0.0.9', { ip: '10.0.0.9' }],
    ['--ip 10.0.0.9', { ip: '10.0.0.9' }],
    ['-ip=10.0.0.9', { ip: '10.0.0.9' }],
    ['--ip=a=b', { ip: 'a=b' }],
    ['-ip=', { ip: '' }],
    ['-ip -cleanup', { ip: '-cleanup', cleanup: false }],
    ['-ip a -ip b', { ip: 'b' }],
    ['-label a -label b', { label: ['a', 'b'] }],
    ['-cleanup', { cleanup: true }],
    ['-cleanup=false', { cleanup: false }],
    ['-cleanup=T', { cleanup: true }],
    ['-ttl 30', { ttl: 30 }],
    ['-ttl=-1', { ttl: -1 }],
    ['-ttl +7', { ttl: 7 }],
    ['-ttl 0x1F', { ttl: 31 }],
    ['-ttl 017', { ttl: 15 }],
    ['-ttl 0o17', { ttl: 15 }],
    ['-ttl 0b11', { ttl: 3 }],
    ['-ttl 1_000', { ttl: 1000 }],
    ['-ttl 0', { ttl: 0 }],
  ])('%s', (line, wanted) => {
    expect(values(line).values).toMatchObject(wanted)
  })

  it('are the defaults where nothing is given', () => {
    expect(values('').values).toEqual({
      ip: '',
      mode: 'always',
      ttl: 0,
      every: 2000,
      cleanup: false,
      v: false,
      label: [],
    })
    expect(values('-ttl 0').given).toEqual(new Set(['ttl']))
  })
})

describe('the rest', () => {
  it.each([
    ['-v consul://x -ttl 3', ['consul://x', '-ttl', '3']],
    ['-v false', ['false']],
    ['-v -- -ttl', ['-ttl']],
    ['-v - -ttl', ['-', '-ttl']],
    ['', []],
  ])('of %j begins at the first argument that is no flag', (line, rest) => {
    expect(values(line).rest).toEqual(rest)
  })
})

describe('mistakes are said as Go says them', () => {
  it.each([
    ['-nope', 'flag provided but not defined: -nope'],
    ['--nope=1', 'flag provided but not defined: -nope'],
    ['-constructor', 'flag provided but not defined: -constructor'],
    ['---ip', 'bad flag syntax: ---ip'],
    ['-=x', 'bad flag syntax: -=x'],
    ['-ip', 'flag needs an argument: -ip'],
    ['-ttl soon', 'invalid value "soon" for flag -ttl: parse error'],
    ['-ttl 1.5', 'invalid value "1.5" for flag -ttl: parse error'],
    ['-ttl=', 'invalid value "" for flag -ttl: parse error'],
    ['-ttl 08', 'invalid value "08" for flag -ttl: parse error'],
    ['-ttl 1__0', 'invalid value "1__0" for flag -ttl: parse error'],
    [
      '-ttl 9223372036854775808',
      'invalid value "9223372036854775808" for flag -ttl: value out of range',
    ],
    ['-cleanup=maybe', 'invalid boolean value "maybe" for -cleanup: parse error'],
  ])('%s', (line, message) => {
    expect(parse(line)).toEqual({ kind: 'mistake', message })
  })

  it.each(['-h', '-help', '--help', '--h=1', '-v -help'])('%s asks for help', (line) => {
    expect(parse(line)).toEqual({ kind: 'help' })
  })
})

it('lists all flags by name, with what they take and their default', () => {
  expect(flagsText(flags)).toBe(
    [
      '  -cleanup',
      '    \tRemove dangling services',
      '  -every int',
      '    \tpause',
      '    \tin ms (default 2000)',
      '  -ip string',
      '    \tIP for ports mapped to the host',
      '  -label value',
      '    \ta label',
      '  -mode MODES',
      '    \tone of MODES (default "always")',
      '  -ttl int',
      '    \tTTL in seconds',
      '  -v\tsay more',
      '',
    ].join('\n'),
  )
})
