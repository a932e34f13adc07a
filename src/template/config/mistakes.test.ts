import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from './read-config.ts'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-template-config-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const read = (...argv: string[]) => readConfig(argv, { environment: {}, workingFolder: folder })

function readText(text: string) {
  writeFileSync(join(folder, 'ct.hcl'), text)
  return read('-config=ct.hcl')
}

describe('what is wrong with flags ends with 13', () => {
  it.each([
    ['-nope', 'flag provided but not defined: -nope'],
    ['-once a b', 'cli: extra args: ["a" "b"]'],
    ['-wait 1', 'invalid value "1" for flag -wait: time: missing unit in duration "1"'],
    ['-wait 5s:1s', 'invalid value "5s:1s" for flag -wait: wait: min must be less than max'],
    ['-wait 1s:', 'invalid value "1s:" for flag -wait: time: invalid duration ""'],
    ['-wait 1s:2s:3s', 'invalid value "1s:2s:3s" for flag -wait: wait: invalid format'],
    ['-wait -1s', 'invalid value "-1s" for flag -wait: wait: cannot be negative'],
    ['-template=', 'invalid value "" for flag -template: template: cannot be empty'],
    [
      '-kill-signal SIGNOPE',
      'invalid value "SIGNOPE" for flag -kill-signal: invalid signal "SIGNOPE"',
    ],
    ['-sigterm die', 'invalid value "die" for flag -sigterm: "die" is not one of end, ignore'],
    ['-vault-token x', '-vault-token: Vault is not supported'],
    ['-nomad-addr x', '-nomad-addr: Nomad is not supported'],
  ])('%s', (line, message) => {
    expect(read(...line.split(' '))).toEqual({ kind: 'mistake', message, exitCode: 13 })
  })

  it('and with CT_LOCAL_CONFIG', () => {
    expect(readConfig([], { environment: { CT_LOCAL_CONFIG: 'a' } })).toMatchObject({
      exitCode: 13,
      message: expect.stringContaining('CT_LOCAL_CONFIG:1:2: key'),
    })
  })
})

describe('what is wrong with configurations ends with 15', () => {
  it('also a duration of a million digits, at once', () => {
    expect(readText(`wait = "${'1'.repeat(1_000_000)}x"`)).toMatchObject({
      kind: 'mistake',
      message: expect.stringContaining('time: invalid duration'),
      exitCode: 15,
    })
  })

  it.each([
    ['bogus = 1', "* '' has invalid keys: bogus (at ct.hcl:1:1)"],
    ['consul {\n  bogus = 1\n}', "* 'consul' has invalid keys: bogus (at ct.hcl:2:3)"],
    ['consul { adress = "x" }', 'invalid keys: adress, did you mean address? (at ct.hcl:1:10)'],
    ['template "x" { source = "s" }', "'template[0]' has invalid keys: x"],
    ['once = [1]', "'once' expected type 'bool', got unconvertible type 'list'"],
    ['consul = 5', "'consul' expected a map, got 'number'"],
    ['wait = "1"', 'error decoding \'wait\': time: missing unit in duration "1"'],
    ['wait = ""', "error decoding 'wait': wait: cannot be empty"],
    ['wait { min = "5s" max = "1s" }', 'wait: min must be less than max'],
    ['max_stale = "soon"', 'error decoding \'max_stale\': time: invalid duration "soon"'],
    ['kill_signal = "SIGNOPE"', 'error decoding \'kill_signal\': invalid signal "SIGNOPE"'],
    ['log_level = "loud"', 'invalid log level "LOUD", valid log levels are TRACE, DEBUG'],
    ['template { source = "s" perms = "0999" }', "error decoding 'template[0].perms': strconv"],
    ['template { source = "s" max_drop = "150%" }', '"150%" is no part'],
    ['template { source = "s" min_servers = -1 }', 'cannot be negative'],
    ['[1]', 'ct.hcl:1:1: object expected a key'],
    ['consul { token_file = "/nope/x" }', 'consul: error loading token file: ENOENT'],
  ])('%s', (text, message) => {
    expect(readText(text)).toMatchObject({
      kind: 'mistake',
      message: expect.stringContaining(message),
      exitCode: 15,
    })
  })

  it('and names all of them', () => {
    expect(readText('a = 1\nonce = {}')).toMatchObject({
      message: expect.stringContaining('mapstructure decode failed: 2 error(s) decoding:\n\n* '),
    })
  })

  it('and names only some of very many', () => {
    const result = readText('a = 1\n'.repeat(100_000))
    expect(result).toMatchObject({ message: expect.stringContaining(' 100000 error(s) decoding') })
    expect(JSON.stringify(result).length).toBeLessThan(3000)
  })

  it('and with files that are not there, or no files', () => {
    expect(read('-config=none')).toMatchObject({
      message: 'missing file/folder: none: no such file or directory',
      exitCode: 15,
    })
    expect(read('-config=/dev/null')).toMatchObject({
      message: expect.stringContaining('unknown filetype'),
      exitCode: 15,
    })
  })
})

describe('any configuration', () => {
  const names = ['template', 'consul', 'wait', 'exec', 'env', 'once', 'perms', 'ssl', 'retry', 'x']
  const { node } = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>('', 'a', '5s', '1s:2s', 'SIGHUP', 0, 5, -1, 1.5, true, null, []),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie('node'), { maxKeys: 4 }),
    ),
  }))
  const config = fc.dictionary(fc.constantFrom(...names.slice(0, 6)), node, { maxKeys: 4 })

  it('is read, or a mistake', () => {
    fc.assert(
      fc.property(config, (json) => {
        const environment = { CT_LOCAL_CONFIG: JSON.stringify(json) }
        expect(readConfig([], { environment }).kind).toMatch(/^config$|^mistake$/)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a template that is none ends with 14', () => {
  it.each([
    ['template {}', "template: must specify exactly one of 'source' or 'contents'"],
    [
      'template { source = "a" contents = "b" }',
      "template: cannot specify both 'source' and 'contents'",
    ],
  ])('%s', (text, message) => {
    expect(readText(text)).toEqual({ kind: 'mistake', message, exitCode: 14 })
  })
})

describe('what is accepted without effect', () => {
  it.each([
    ['vault { address = "x" ssl { a = 1 } }', /^'vault' is ignored: Vault is not supported/],
    ['nomad = {}', /^'nomad' is ignored: /],
    ['consul { namespace = "x" }', /^'consul.namespace' is ignored: /],
    ['max_stale = 10', /^'max_stale': a number is nanoseconds; write "10s" \(at ct.hcl:1:13\)/],
  ])('%s is said in a warning', (text, warning) => {
    expect(readText(text)).toMatchObject({ warnings: [expect.stringMatching(warning)] })
  })

  it('is not said where it is empty', () => {
    expect(readText('consul { namespace = "" }')).toMatchObject({ warnings: [] })
  })

  it('is a flag, too', () => {
    expect(read('-vault-renew-token=false')).toMatchObject({
      warnings: ['-vault-renew-token is ignored: Vault is not supported'],
    })
  })
})

describe('a folder', () => {
  it('is read by name, with what is below it, but not through links to folders', () => {
    const conf = join(folder, 'conf')
    const elsewhere = join(folder, 'elsewhere')
    mkdirSync(join(conf, 'm'), { recursive: true })
    mkdirSync(elsewhere)
    const template = (name: string) => `template { source = "${name}" }`
    for (const path of ['conf/z.hcl', 'conf/B', 'conf/m/1.json.hcl', 'conf/a', 'elsewhere/x']) {
      writeFileSync(join(folder, path), template(path))
    }
    symlinkSync(elsewhere, join(conf, 'linked'))
    symlinkSync(join(elsewhere, 'x'), join(conf, 'n'))
    const result = read('-config', 'conf')
    const sources =
      result.kind === 'config' &&
      result.config.templates.map(({ source }) => 'path' in source && source.path)
    expect(sources).toEqual(['conf/B', 'conf/a', 'conf/m/1.json.hcl', 'elsewhere/x', 'conf/z.hcl'])
  })
})
