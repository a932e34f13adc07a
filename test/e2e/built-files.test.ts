import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

type Chunks = {
  install(program: string, files: readonly { path: string; text: string }[]): void
  isWhole(program: string): boolean
}

let chunks: Chunks
let folder = ''
let program = ''

beforeAll(async () => {
  const file = resolve(import.meta.dirname, '../../scripts/lib/chunks.mjs')
  chunks = (await import(file)) as Chunks
})

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-built-'))
  program = join(folder, 'fairlead.mjs')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const chunk = (name: string): string => join(folder, 'chunks', `${name}.mjs`)
const there = (): readonly string[] => readdirSync(join(folder, 'chunks')).toSorted()

/** A program that loads `first` at once, which loads `second` when it is needed. */
function install(first: string, second: string): void {
  chunks.install(program, [
    { path: program, text: `import{a}from"./chunks/${first}.mjs";a()` },
    { path: chunk(first), text: `export const a=()=>import("./${second}.mjs")` },
    { path: chunk(second), text: '' },
  ])
}

/** As if all of it had been there for an hour. */
function age(): void {
  const at = Date.now() / 1000 - 3600
  for (const name of there()) utimesSync(join(folder, 'chunks', name), at, at)
}

describe('putting what was built in place', () => {
  it('leaves the chunks of the version before to whoever is starting it, and no older ones', () => {
    install('a1', 'b1')
    age()
    install('a2', 'b2')
    expect(there()).toEqual(['a1.mjs', 'a2.mjs', 'b1.mjs', 'b2.mjs'])
    age()
    install('a3', 'b2')
    expect(there()).toEqual(['a2.mjs', 'a3.mjs', 'b2.mjs'])
  })

  it('leaves the chunks of a build that runs beside it and has not named them yet', () => {
    install('a1', 'b1')
    writeFileSync(chunk('beside'), '')
    install('a2', 'b2')
    expect(there()).toContain('beside.mjs')
  })

  it('makes the program executable and all of it readable for others, whatever the umask', () => {
    const before = process.umask(0o077)
    try {
      install('a', 'b')
    } finally {
      process.umask(before)
    }
    const modes = [program, join(folder, 'chunks'), chunk('a')].map((path) => statSync(path).mode)
    expect(modes.map((mode) => (mode & 0o777).toString(8))).toEqual(['755', '755', '644'])
  })

  it('replaces a file that is being read by a new one, not its content', () => {
    install('a', 'b')
    chmodSync(chunk('a'), 0o444)
    const { ino } = statSync(chunk('a'))
    install('a', 'b')
    expect(statSync(chunk('a')).ino).not.toBe(ino)
    expect(readFileSync(chunk('a'), 'utf8')).toContain('./b.mjs')
    expect(there()).toEqual(['a.mjs', 'b.mjs'])
  })

  it('knows when a part is missing, also one that is loaded late', () => {
    expect(chunks.isWhole(program)).toBe(false)
    install('a', 'b')
    expect(chunks.isWhole(program)).toBe(true)
    rmSync(chunk('b'))
    expect(chunks.isWhole(program)).toBe(false)
  })
})
