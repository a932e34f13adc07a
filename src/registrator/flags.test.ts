import { describe, expect, it } from 'vitest'
import { flagsFault, parseCommandLine, usageText } from './flags.ts'

function parse(line: string) {
  return parseCommandLine(line.split(' ').filter(Boolean), 'registrator')
}

function faultOf(line: string): string {
  const parsed = parse(`${line} consul://`)
  if (parsed.kind === 'end') throw new Error(parsed.message)
  return flagsFault(parsed.flags)
}

const usage = usageText('registrator')

describe('a command line', () => {
  it('has flags and one URI', () => {
    const line = '-ip 10.0.0.9 -internal -retry-attempts -1 --resync=60 -cleanup=true consul://h:1'
    expect(parse(line)).toMatchObject({
      kind: 'run',
      uri: 'consul://h:1',
      flags: { ip: '10.0.0.9', internal: true, 'retry-attempts': -1, resync: 60, cleanup: true },
    })
  })

  it.each([
    ['', 2, `Missing required argument for registry URI.\n\n${usage}`],
    ['-internal', 2, `Missing required argument for registry URI.\n\n${usage}`],
    [
      'consul: -internal -ip 1.2.3.4',
      2,
      'Extra unparsed arguments:\n  -internal -ip 1.2.3.4\n' +
        `Options should come before the registry URI argument.\n\n${usage}`,
    ],
    ['-nope consul:', 2, `flag provided but not defined: -nope\n${usage}`],
    ['-ttl x consul:', 2, `invalid value "x" for flag -ttl: parse error\n${usage}`],
    ['-h', 0, usage],
    ['-help', 0, usage],
  ])('%j ends at once', (line, exitCode, message) => {
    expect(parse(line)).toEqual({ kind: 'end', exitCode, message })
  })

  it('is explained by a list of all flags', () => {
    expect(usage).toMatch(
      /^Usage of registrator:\n {2}registrator \[options\] <registry URI>\n\n {2}-/,
    )
    expect(usage).toContain('\n  -deregister string\n')
    expect(usage).toContain('(default "always")\n')
    expect(usage).toContain('(default 2000)\n')
  })
})

describe('values', () => {
  it.each(['', '-ttl 30 -ttl-refresh 10', '-deregister on-success', '-deregister never'])(
    '%j are right',
    (line) => expect(faultOf(line)).toBe(''),
  )

  it.each([
    ['-ttl 30', '-ttl and -ttl-refresh must be specified together or not at all'],
    ['-ttl-refresh 30', '-ttl and -ttl-refresh must be specified together or not at all'],
    ['-ttl 30 -ttl-refresh 30', '-ttl must be greater than -ttl-refresh'],
    ['-retry-interval 0', '-retry-interval must be greater than 0'],
    ['-deregister sometimes', '-deregister must be "always" or "on-success"'],
    ['-deregister-on x', '-deregister-on must be "die", "stop" or "drain"'],
    ['-suffix x', '-suffix must be "group", "always", "never" or "collision"'],
    ['-meta a=b -meta c', '-meta must be KEY=VALUE: c'],
    ['-ip 1.2.3.4 -ip-interface eth0', '-ip and -ip-interface cannot be specified together'],
  ])('%j are wrong', (line, fault) => expect(faultOf(line)).toBe(fault))
})
