import { mkdir, stat } from 'node:fs/promises'
import { FairleadError, messageOf } from '../model/errors.ts'

/** A folder that cannot be used. Codes `setting_invalid`, `state_unwritable`. */
export class FolderError extends FairleadError {}

/**
 * Makes a folder that only this user may enter, or takes one that is there if only this user (or
 * root) may write to it: who could put a link or a file there would have fairlead write to other
 * files, or HAProxy load another configuration.
 * Throws FolderError: `setting_invalid` for a folder that others own or may write to, `state_unwritable`
 * for one that cannot be made.
 */
export async function makeOwnFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new FolderError('state_unwritable', `cannot make ${path}: ${messageOf(error)}`, {
      hint: 'name a folder of your own with --state-folder',
      cause: error,
    })
  }
  const { uid, mode } = await stat(path)
  const own = process.getuid?.() ?? uid
  if (uid !== own && uid !== 0) {
    throw new FolderError('setting_invalid', `${path} belongs to another user (${uid})`, {
      hint: `sudo chown ${own} ${path}, or name another folder with --state-folder`,
    })
  }
  if ((mode & 0o022) !== 0) {
    throw new FolderError('setting_invalid', `other users may write to ${path}`, {
      hint: `chmod go-w ${path}, or name another folder with --state-folder`,
    })
  }
}
