import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ComposeInput } from '../compose/input.ts'
import { ComposeError } from '../compose/tree.ts'
import { readComposeFiles } from './check-files.ts'

let cwd = ''

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'fairlead-check-files-'))
  writeFileSync(join(cwd, 'compose.yaml'), 'services: {}\n')
})

afterEach(() => rmSync(cwd, { recursive: true, force: true }))

const mebibyte = 1024 * 1024

describe('files that Compose files name', () => {
  it('are read when they are regular', () => {
    writeFileSync(join(cwd, 'web.env'), 'A=ä\n')
    const { readFile } = read()
    expect(readFile(join(cwd, 'web.env'))).toMatchObject({ shown: 'web.env', text: 'A=ä\n' })
    expect(readFile(join(cwd, 'none.env'))).toBeUndefined()
  })

  it('are refused when they are devices, pipes or folders', () => {
    execFileSync('mkfifo', [join(cwd, 'pipe')])
    const { readFile } = read()
    for (const path of ['/dev/zero', join(cwd, 'pipe'), cwd]) {
      expect(() => readFile(path)).toThrow(ComposeError)
    }
    expect(() => readFile('/dev/zero')).toThrow('/dev/zero: cannot be read: it is no regular file')
    expect(() => readFile(join(cwd, 'pipe'))).toThrow('pipe: cannot be read: it is no regular file')
  })

  it('are refused when they are too long, each or together', () => {
    writeFileSync(join(cwd, 'most.env'), '#'.repeat(4 * mebibyte))
    writeFileSync(join(cwd, 'more.env'), '#'.repeat(4 * mebibyte + 1))
    const { readFile } = read()
    expect(() => readFile(join(cwd, 'more.env'))).toThrow('more.env: it has more than 4 MiB')
    for (let times = 0; times < 16; times += 1) readFile(join(cwd, 'most.env'))
    expect(() => readFile(join(cwd, 'most.env'))).toThrow(/files name have more than 64 MiB/)
  })
})

describe('Compose files', () => {
  it('that .env names by COMPOSE_FILE have to be regular, too', () => {
    execFileSync('mkfifo', [join(cwd, 'pipe')])
    writeFileSync(join(cwd, '.env'), 'COMPOSE_FILE=pipe\n')
    expect(() => read()).toThrow('pipe: cannot be read: it is no regular file')
  })

  it('that are given may be no regular files, but not without end', () => {
    expect(read(['/dev/null']).files[0]?.text).toBe('')
    expect(() => read(['/dev/zero'])).toThrow('/dev/zero: it has more than 4 MiB')
  })
})

function read(files: readonly string[] = []): ComposeInput {
  const choice = { files, profiles: [], projectName: undefined, envFile: undefined }
  return readComposeFiles(choice, { cwd, environment: {} })
}
