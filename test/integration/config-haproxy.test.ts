import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configFileNames, fileProblems } from '../../src/haproxy/config/join-files.ts'
import { splitSections } from '../../src/haproxy/config/sections.ts'
import { splitWords } from '../../src/haproxy/config/split-words.ts'
import { ConfigSyntaxError } from '../../src/haproxy/config/syntax-error.ts'
import { haproxyPrograms } from '../support/haproxies.ts'

const environment = { A: 'av', S: 'p q', E: '' }

/** What a program makes of each line: its words as one text, or that it refuses the line. */
type Reading = { readonly text: string } | 'refused'

// Blanks are tabs: the program puts a space between words, so words cannot be mistaken for others.
const pieces = fc.constantFrom(
  ...`a x 4 n t r 1 é " ' \\ $ { } # - = @ [*] \\x41 \\xe9 \\x4 \\" \\$ "" ''`.split(' '),
  ...'${ ${A- "$A" "${A}" "${S[*]}" "$E" "a$S"'.split(' '),
  '\t',
  '\t',
  '\r',
  '\v',
  '\t\r',
  '\u0001',
  '"${B-d\te}"',
)
const oddLine = fc
  .array(pieces, { minLength: 1, maxLength: 14 })
  .map((parts) => parts.join(''))
  .filter((text) => !text.trimStart().startsWith('['))

const programs = haproxyPrograms()
/** 2.6 cannot dump what it has read; the others can. */
const others = programs.filter(({ line }) => line === '2.6')
const dumping = programs.filter(({ line }) => line !== '2.6')

describe.each(dumping)('HAProxy $line', ({ path, line }) => {
  it('splits odd lines into the words that splitWords finds', () => {
    const lines = [...fc.sample(oddLine, 1_500), ...knownTraps].filter((text) => !isUnset(text))
    const readings = dumpLines(path, lines)
    for (const [index, text] of lines.entries()) {
      expect([text, readings[index]]).toEqual([text, expected(text)])
    }
    expect(readings.filter((reading) => reading === 'refused').length).toBeGreaterThan(100)
  })

  it('makes one word of two behind a variable that is not set, in 3.0', () => {
    const [one, two] = ['a"$NONE"\tb', `a"$NONE"''\tb`]
    const glued = line === '3.0' ? 'ab' : 'a b'
    expect(dumpLines(path, [one, two])).toEqual([{ text: glued }, { text: 'a b' }])
    expect(splitWords(one, 1)).not.toEqual(splitWords(two, 1))
  })
})

describe.each(others)('HAProxy $line', ({ path }) => {
  it('gives an odd word the value that splitWords gives it', () => {
    const words = [...fc.sample(oddLine, 1_500), ...knownTraps].filter(isOneWord)
    const values = readValues(path, words)
    for (const [index, text] of words.entries()) {
      expect([text, values[index]]).toEqual([text, valueOf(text)])
    }
  })
})

const knownTraps = ['a\t\rb', '\r\va', 'a\rb', '""\ta', '"${B-x\r}"\tb', 'a\'\'\t""b', 'a#\t"']

describe.each(programs)('HAProxy $line', ({ path }) => {
  it('refuses what splitWords keeps whole: more than 64 words, a last line without its end', () => {
    const long = (count: number): string => `setenv A b${' c'.repeat(count - 3)}`
    expect(complaints(path, `global\n${long(64)}\n`)).not.toMatch(/too many words/)
    expect(complaints(path, `global\n${long(65)}\n`)).toMatch(/too many words, truncating after/)
    expect(splitWords(long(65), 1)).toHaveLength(65)
    expect(complaints(path, 'global\n  maxconn 10')).toMatch(/Missing LF on last line/)
    expect(complaints(path, 'global\n  maxconn 10\n')).not.toMatch(/ALERT/)
  })

  it('reads a line of any length', () => {
    const word = 'abcdefgh'.repeat(40_000)
    expect(complaints(path, `global\n  setenv A "${word}" # end\n`)).not.toMatch(/ALERT/)
    expect(splitWords(`  setenv A "${word}" # end`, 1)).toEqual(['setenv', 'A', word])
  })
})

describe('splitSections', () => {
  it('knows the words that start a section in any HAProxy', () => {
    const keywords = sectionWords.filter((word) =>
      programs.some(({ path }) => !complaints(path, `${word} x\n`).includes('out of section')),
    )
    const known = sectionWords.filter((word) => splitSections(`global\n${word} x\n`).length === 2)
    expect(known).toEqual(keywords)
    expect(keywords.length).toBeGreaterThan(15)
  })
})

const sectionWords = `acme backend cache crt-list crt-store default-server defaults fcgi-app filter
  frontend global healthcheck http-errors listen log log-forward log-profile lua mailers map
  namespace_list peers program proxy quic resolvers ring server spoe-agent ssl stick-table table tls
  traces userlist users`.split(/\s+/)

function expected(text: string): Reading {
  try {
    const words = splitWords(text, 1).map(resolve)
    return { text: words.join(' ').trimEnd() }
  } catch (error) {
    if (error instanceof ConfigSyntaxError) return 'refused'
    throw error
  }
}

/** A word with the variables in it replaced, as bytes. */
function resolve(word: string): string {
  const bytes = Buffer.from(word, 'utf8').toString('latin1')
  return bytes
    .replaceAll('\0+', '')
    .replaceAll(/\0\{([A-Z])(?:\[\*\])?(?:-([^}]*))?\}/g, (_, name: string, fallback = '') => {
      return new Map(Object.entries(environment)).get(name) ?? String(fallback)
    })
    .replaceAll(/\0x(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}

function isUnset(text: string): boolean {
  try {
    return splitWords(text, 1).some((word) => /\0\{(?![ASE][[}-]|[A-Z]+-)/.test(word))
  } catch {
    return false
  }
}

/** Or one that is refused. */
function isOneWord(text: string): boolean {
  try {
    return !isUnset(text) && !text.includes('[*]') && splitWords(`x ${text}`, 1).length < 3
  } catch {
    return true
  }
}

/** Has the program dump what it has read, a few lines at a time: it gives up after 50 errors. */
function dumpLines(program: string, lines: readonly string[]): Reading[] {
  return inBatches(lines).flatMap((batch) => {
    // 3.4 reads a line anew when it has to make room for it, and then trips over `${A-default}`.
    const room = `${'x'.repeat(5_000)}\n@@\n`
    const text = room + batch.map((each, index) => `${each}\n@${index}@\n`).join('')
    return readDump(check(program, text, '-dC').stdout, batch.length)
  })
}

/** Each word's value, by way of a variable and a message; undefined where it is refused. */
function readValues(program: string, words: readonly string[]): (string | undefined)[] {
  return inBatches(words).flatMap((batch) => {
    const room = `setenv ROOM ${'x'.repeat(5_000)}\n`
    const set = batch.map((word, index) => `setenv V${index} ${word}\n`)
    const tell = batch.map((_, index) => `.notice "<${index}:\${V${index}-}:${index}>"\n`)
    const { stderr } = check(program, `global\n${room}${set.join('')}${tell.join('')}`)
    return batch.map((_, index) => {
      const value = stderr.split(`<${index}:`).at(-1)?.split(`:${index}>`)[0]
      return value === '' ? undefined : value
    })
  })
}

function valueOf(word: string): string | undefined {
  try {
    const value = splitWords(`setenv V ${word}`, 1).map(resolve)[2]
    return value === '' ? undefined : value
  } catch (error) {
    if (error instanceof ConfigSyntaxError) return undefined
    throw error
  }
}

function inBatches(items: readonly string[]): string[][] {
  const size = 40
  const count = Math.ceil(items.length / size)
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size))
}

function complaints(program: string, text: string): string {
  return check(program, text).stderr
}

/** Bytes as characters. */
function check(program: string, text: string, ...more: readonly string[]): Output {
  return inFolder(new Map([['haproxy.cfg', text]]), (folder) => {
    return run(program, ['-c', ...more, '-f', join(folder, 'haproxy.cfg')], 'latin1')
  })
}

/** What a program says of the files of a folder. */
function checkFolder(program: string, files: ReadonlyMap<string, string>): string {
  return inFolder(files, (folder) => run(program, ['-c', '-f', folder], 'utf8').stderr)
}

function inFolder<T>(files: ReadonlyMap<string, string>, use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-config-'))
  try {
    for (const [name, text] of files) writeFileSync(join(folder, name), text)
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function run(program: string, args: readonly string[], encoding: 'latin1' | 'utf8'): Output {
  const options = { encoding, env: environment, timeout: 30_000 }
  const { stdout, stderr, error } = spawnSync(program, args, options)
  if (error !== undefined) throw error
  return { stdout, stderr }
}

type Output = { readonly stdout: string; readonly stderr: string }

function readDump(dump: string, count: number): Reading[] {
  const readings: Reading[] = []
  let at = dump.indexOf('\t@@ \n') + 5
  for (let index = 0; index < count; index += 1) {
    const mark = `\t@${index}@ \n`
    const end = dump.indexOf(mark, at)
    const text = dump.slice(at, end)
    readings.push(text === '' ? 'refused' : { text: text.replace(/^\t/, '').trimEnd() })
    at = end + mark.length
  }
  return readings
}

describe.each(programs)('HAProxy $line with several files', ({ path }) => {
  it('reads the files of a folder that configFileNames finds, in that order', () => {
    const names = [
      'b.cfg',
      'B.cfg',
      'é.cfg',
      '.a.cfg',
      'a.cfg',
      'a.cfg~',
      '10.cfg',
      '9.cfg',
      '🙂.cfg',
    ]
    const files = new Map(names.map((name) => [name, `.notice "<${name}>"\n`]))
    const heard = [...checkFolder(path, files).matchAll(/<(.*)>/g)].map(([, name]) => name)
    expect(heard).toEqual(configFileNames(names))
  })

  it('refuses a file that fileProblems warns of', () => {
    for (const second of [
      'maxconn 1\n',
      '.if 1\n',
      '.endif\n',
      '# x',
      'global',
      'defaults\n',
      '',
      '\n',
    ]) {
      const files = new Map([
        ['1.cfg', 'global\n'],
        ['2.cfg', second],
      ])
      const isRefused = checkFolder(path, files).includes('ALERT')
      const isWarned = fileProblems({ path: '2.cfg', text: second }).length > 0
      expect([second, isWarned]).toEqual([second, isRefused])
    }
  })
})
