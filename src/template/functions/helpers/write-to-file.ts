import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Surroundings } from '../../contract.ts'
import { bytesOfText } from '../../go/byte-text.ts'
import { callFailure } from '../../go/failure.ts'
import { variadicFunction } from '../../go/functions.ts'
import { quote } from '../../go/quote.ts'
import { stringType } from '../../go/types.ts'
import type { FunctionMaker } from '../function-set.ts'
import { checkSandbox } from '../sandbox.ts'
import { idOf } from './file-owner.ts'

/** What is to be written, and how. */
type Writing = {
  readonly bytes: Uint8Array
  readonly mode: number
  /** Undefined: whose the process is. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
}

function modeOf(text: string): number {
  const fail = (what: string) => callFailure(`strconv.ParseUint: parsing ${quote(text)}: ${what}`)
  if (!/^[0-7]+$/.test(text)) throw fail('invalid syntax')
  const mode = Number.parseInt(text, 8)
  if (mode >= 2 ** 32) throw fail('value out of range')
  return mode & 0o777
}

/** A user or group that is not named is the process's own. */
function ownerOf(user: string, group: string): Writing['owner'] {
  if (user === '' && group === '') return undefined
  return {
    uid: user === '' ? (process.getuid?.() ?? -1) : idOf('user', user),
    gid: group === '' ? (process.getgid?.() ?? -1) : idOf('group', group),
  }
}

/** Whether there is something by that name, be it a link that leads nowhere. */
const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined

/** Throws unless the file is, or would be made, in the sandbox. */
function checkTarget(path: string, { sandboxPath, workingFolder }: Surroundings): void {
  if (sandboxPath === undefined) return
  let existing = path
  while (!isThere(existing) && dirname(existing) !== existing) existing = dirname(existing)
  try {
    checkSandbox(existing, sandboxPath, workingFolder)
  } catch (error) {
    throw callFailure(`'${path}' is outside of sandbox`, error)
  }
}

function finish(file: number, { bytes, mode, owner }: Writing): void {
  writeFileSync(file, bytes)
  if (owner !== undefined) fchownSync(file, owner.uid, owner.gid)
  // After the owner, and whatever the umask.
  fchmodSync(file, mode)
  fsyncSync(file)
}

function writeTo(path: string, flags: string, writing: Writing): void {
  const file = openSync(path, flags, writing.mode)
  try {
    finish(file, writing)
  } finally {
    closeSync(file)
  }
}

/** Readers see the old file or the whole new one. A link stays one; a device is written to. */
function replaceFile(path: string, writing: Writing): void {
  const target = existsSync(path) ? realpathSync(path) : path
  if (existsSync(target) && !statSync(target).isFile()) return writeTo(target, 'w', writing)
  const temporary = `${target}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  try {
    writeTo(temporary, 'wx', writing)
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

function writeToFile(surroundings: Surroundings, given: readonly string[]): string {
  const [path = '', user = '', group = '', permissions = '', ...rest] = given
  const content = rest.at(-1)
  if (content === undefined) throw callFailure('runtime error: index out of range [-1]')
  const flags = rest.length === 2 ? (rest[0] ?? '') : ''
  if (!surroundings.hasEffects) throw callFailure(`${path}: files are not written here`)
  const target = resolve(surroundings.workingFolder, path)
  const text = flags.includes('newline') ? `${content}\n` : content
  const writing: Writing = {
    bytes: bytesOfText(text),
    mode: modeOf(permissions),
    owner: ownerOf(user, group),
  }
  checkTarget(target, surroundings)
  if (flags.includes('append')) {
    writeTo(target, 'a', writing)
  } else {
    mkdirSync(dirname(target), { recursive: true })
    replaceFile(target, writing)
  }
  return ''
}

/** `writeToFile`: writes a text to another file than the template's own. */
export const fileWritingFunctions: FunctionMaker = ({ surroundings }) => ({
  writeToFile: variadicFunction(
    [stringType, stringType, stringType, stringType],
    stringType,
    (...given) => writeToFile(surroundings, given),
  ),
})
