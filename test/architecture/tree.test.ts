import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const longestFileLines = 400

// A tracked file may be missing for a moment, while somebody moves it.
const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(root, file)))
const code = tracked.filter((file) => /\.(ts|mjs|js)$/.test(file))
const texts = tracked.filter((file) => !/\.(png|jpg|gz|tar)$/.test(file))

const read = (file: string): string => readFileSync(join(root, file), 'utf8')

/** `file:line: text` of every line that matches. */
function linesWith(files: readonly string[], pattern: RegExp): readonly string[] {
  return files.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) =>
        pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
      ),
  )
}

describe('the source tree', () => {
  it('has no file of more than 400 lines of code', () => {
    const long = code.filter((file) => read(file).trimEnd().split('\n').length > longestFileLines)
    expect(long).toEqual([])
  })

  it('leaves no work for later in a comment', () => {
    // Written so that the pattern does not find itself.
    expect(linesWith(texts, /\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b/)).toEqual([])
  })

  it('switches no test off', () => {
    const tests = code.filter((file) => file.endsWith('.test.ts'))
    const pattern = /\b(it|test|describe)\.(skip|only|fails|todo)\b|\b(xit|xdescribe)\(/
    expect(linesWith(tests, pattern).filter((line) => !line.includes('pattern ='))).toEqual([])
  })

  it('names no folder of a developer’s machine', () => {
    // Samples in tests speak of ann and bob.
    const pattern = /(^|[^\w~.*-])\/(work|farm|home|Users)\/(?!ann\b|bob\b)\w/
    expect(linesWith(texts, pattern)).toEqual([])
  })

  it('names no package registry', () => {
    const files = texts.filter((file) => !file.endsWith('.md'))
    expect(linesWith(files, /"resolved[":]{2}|^\s*registry\s*=|https?:\/\/registry[.]/)).toEqual([])
  })
})
