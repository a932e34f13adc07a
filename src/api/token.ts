import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { FairleadError, messageOf } from '../model/errors.ts'
import { writeFileAtomic } from '../support/atomic-file.ts'

/** The admin token's file cannot be used. Code `setting_invalid`. */
export class TokenError extends FairleadError {}

const leastLength = 16

/**
 * The admin token in a file, without the line feed at its end; a file that is not there is made,
 * mode 0600, with 256 random bits.
 * Throws TokenError when others may read the file, or it holds no usable token; StateWriteError
 * when it cannot be written.
 */
export async function loadOrCreateToken(path: string): Promise<string> {
  const found = await readToken(path)
  if (found !== undefined) return found
  const token = randomBytes(32).toString('base64url')
  await writeFileAtomic(path, `${token}\n`, { mode: 0o600 })
  return token
}

async function readToken(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, 'r')
    try {
      // Asked of the open file, so that what is checked is what is read.
      const { mode, uid } = await file.stat()
      const text = await file.readFile('utf8')
      requireOwn(path, uid)
      return checked(path, mode, text.trim())
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof TokenError) throw error
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new TokenError('setting_invalid', `cannot read the token file: ${messageOf(error)}`, {
      hint: 'check its path and owner',
      cause: error,
    })
  }
}

/** Another user's file: that user knows the token, and may change it. */
function requireOwn(path: string, uid: number): void {
  const self = process.getuid?.()
  if (self === undefined || uid === self || uid === 0) return
  throw new TokenError('setting_invalid', `the token file ${path} belongs to another user`, {
    hint: `chown ${self} ${path}`,
  })
}

function checked(path: string, mode: number, token: string): string {
  if ((mode & 0o077) !== 0) {
    throw new TokenError('setting_invalid', `other users may use the token file ${path}`, {
      hint: `chmod 600 ${path}`,
    })
  }
  if (token.length < leastLength || !/^[\x21-\x7e]+$/.test(token)) {
    const what = `the token file ${path} holds no token of ${leastLength} or more printable characters`
    throw new TokenError('setting_invalid', what, {
      hint: 'remove the file, and fairlead makes a new one',
    })
  }
  return token
}
