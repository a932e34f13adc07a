import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { RunnerError } from './errors.ts'

/** Numbers of a user and a group; undefined: not asked for. */
export type Owner = { readonly uid: number | undefined; readonly gid: number | undefined }

/** Names or numbers to numbers. Throws a RunnerError for a name that this system does not have. */
export async function findOwner(
  user: string | undefined,
  group: string | undefined,
): Promise<Owner> {
  return {
    uid: user === undefined ? undefined : await numberOf('passwd', 'user', user),
    gid: group === undefined ? undefined : await numberOf('group', 'group', group),
  }
}

async function numberOf(database: string, what: string, name: string): Promise<number> {
  if (/^\d+$/.test(name)) return Number(name)
  const entry =
    entryOf(await readFile(`/etc/${database}`, 'utf8').catch(() => ''), name) ??
    entryOf(await askSystem(database, name), name)
  if (entry === undefined) throw new RunnerError(`there is no ${what} ${name}`)
  return Number(entry)
}

/** The third field of a line `NAME:x:NUMBER:…`. */
function entryOf(lines: string, name: string): string | undefined {
  const line = lines.split('\n').find((each) => each.startsWith(`${name}:`))
  return line?.split(':')[2]
}

/** Names that come from a directory service; systems without getent have none. */
async function askSystem(database: string, name: string): Promise<string> {
  const asked = promisify(execFile)('getent', [database, '--', name])
  return asked.then(
    ({ stdout }) => stdout,
    () => '',
  )
}
