import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { renderedHelpers } from '../../../../test/support/helper-template.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-write-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

const write = (given: string, sandboxPath?: string) =>
  renderedHelpers(`{{writeToFile ${given}}}`, null, {
    workingFolder: folder,
    hasEffects: true,
    sandboxPath,
  })

const read = (name: string) => readFileSync(join(folder, name), 'latin1')
const modeOf = (name: string) => statSync(join(folder, name)).mode & 0o7777

describe('writeToFile', () => {
  it('writes a text, with its mode, and gives nothing', () => {
    expect(write('"a/b" "" "" "0640" "x\\xff"')).toBe('')
    expect(read('a/b')).toBe('x\xff')
    expect(modeOf('a/b')).toBe(0o640)
    expect(readdirSync(join(folder, 'a'))).toEqual(['b'])
  })

  it('replaces, adds, and ends a line', () => {
    write('"f" "" "" "600" "one"')
    write('"f" "" "" "600" "newline" "two"')
    expect(read('f')).toBe('two\n')
    write('"f" "" "" "644" "append,newline" "three"')
    write('"f" "" "" "644" "append" "four"')
    expect(read('f')).toBe('two\nthree\nfour')
    expect(modeOf('f')).toBe(0o644)
  })

  it('gives files to users and groups by name or number', () => {
    const { username, uid, gid } = userInfo()
    write(`"f" "${username}" "${gid}" "0600" "x"`)
    expect(statSync(join(folder, 'f'))).toMatchObject({ uid, gid })
  })

  it('writes through links', () => {
    writeFileSync(join(folder, 'real'), '')
    symlinkSync('real', join(folder, 'link'))
    write('"link" "" "" "0600" "x"')
    expect(read('real')).toBe('x')
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true)
  })

  it.each([
    ['"f" "" "" "9" "x"', 'strconv.ParseUint: parsing "9": invalid syntax'],
    ['"f" "" "" "" "x"', 'strconv.ParseUint: parsing "": invalid syntax'],
    ['"f" "" "" "40000000000" "x"', 'parsing "40000000000": value out of range'],
    ['"f" "no such one" "" "600" "x"', 'user: unknown user no such one'],
    ['"f" "" "root:x" "600" "x"', 'group: unknown group root:x'],
    ['"f" "" "" "600"', 'runtime error: index out of range [-1]'],
    ['"." "" "" "600" "x"', 'EISDIR'],
    ['"a\\x00" "" "" "600" "x"', 'null bytes'],
  ])('%s fails and leaves nothing', (given, reason) => {
    expect(() => write(given)).toThrow(reason)
    expect(readdirSync(folder)).toEqual([])
  })

  it('writes only in the sandbox, wherever links lead', () => {
    mkdirSync(join(folder, 'box'))
    mkdirSync(join(folder, 'out'))
    symlinkSync('../out', join(folder, 'box/way'))
    symlinkSync('../out/none', join(folder, 'box/dangling'))
    write('"box/a/b" "" "" "0600" "x"', 'box')
    expect(read('box/a/b')).toBe('x')
    for (const name of ['f', 'box/../f', 'box/way/f', 'box/way/g/f', 'box/dangling']) {
      for (const flags of ['', 'append']) {
        expect(() => write(`"${name}" "" "" "0600" "${flags}" "x"`, 'box')).toThrow(
          'is outside of sandbox',
        )
      }
    }
    expect(readdirSync(join(folder, 'out'))).toEqual([])
    expect(existsSync(join(folder, 'f'))).toBe(false)
  })

  it('writes nothing where there may be no effects', () => {
    const target = join(folder, 'f')
    expect(() => renderedHelpers(`{{writeToFile "${target}" "" "" "0600" "x"}}`)).toThrow(
      'files are not written here',
    )
    expect(existsSync(target)).toBe(false)
  })
})
