import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkSandbox } from './sandbox.ts'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-sandbox-'))
  mkdirSync(join(folder, 'box/..inside'), { recursive: true })
  mkdirSync(join(folder, 'boxes'))
  for (const name of ['box/a', 'box/..inside/b', 'boxes/c', 'd']) {
    writeFileSync(join(folder, name), name)
  }
  symlinkSync('../d', join(folder, 'box/out'))
  symlinkSync('a', join(folder, 'box/in'))
  symlinkSync('box', join(folder, 'way'))
})

afterAll(() => rmSync(folder, { recursive: true }))

describe('a sandbox', () => {
  it.each(['box/a', 'way/a', 'box/in', 'box/..inside/b', 'box/../box/a', 'box'])(
    'has %s in it',
    (path) => {
      expect(() => checkSandbox(path, 'box', folder)).not.toThrow()
      expect(() => checkSandbox(join(folder, path), join(folder, 'way'), '/')).not.toThrow()
    },
  )

  it.each(['d', 'boxes/c', 'box/out', 'box/../d', '.'])('does not have %s in it', (path) => {
    expect(() => checkSandbox(path, 'box', folder)).toThrow(`'${path}' is outside of sandbox`)
  })

  it('does not let a missing file pass', () => {
    expect(() => checkSandbox('box/none', 'box', folder)).toThrow(
      'lstat box/none: no such file or directory',
    )
  })

  it('is everything when there is none', () => {
    expect(() => checkSandbox('/none', undefined, folder)).not.toThrow()
  })
})
