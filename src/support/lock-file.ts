import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FairleadError } from '../model/errors.ts'
import { startTicksOf } from './process-identity.ts'

/** Another process holds the lock. Code `already_running`. */
export class LockError extends FairleadError {}

/**
 * Takes a lock for this process: a file with its pid and start time. A lock whose process has ended
 * (also by kill -9, also when its pid is used again) is taken over. Resolves to the release.
 *
 * Of several that try at once one gets it: the file appears with its content (a link to one that is
 * written), and one that is taken away is looked at once more, since it may be a newer one.
 */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const own = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  const content = `${process.pid} ${startTicksOf(process.pid) ?? 0}\n`
  await writeFile(own, content, { flag: 'wx', mode: 0o600 })
  try {
    while (!(await isLinked(own, path))) {
      const holder = await contentOf(path)
      refuseLiving(holder)
      await takeAway(path, `${own}.ended`)
    }
  } finally {
    await rm(own, { force: true })
  }
  return () => rm(path, { force: true })
}

/** Takes the lock of a process that has ended away; one that another has got meanwhile is put back. */
async function takeAway(path: string, aside: string): Promise<void> {
  try {
    await rename(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  try {
    if (isLiving(holderOf(await contentOf(aside)))) await isLinked(aside, path)
  } finally {
    await rm(aside, { force: true })
  }
}

/** False: there is one already. */
async function isLinked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

type Holder = { readonly pid: number; readonly ticks: number }

/** Empty where there is no file (any more). */
async function contentOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
}

function holderOf(content: string): Holder {
  const [pid = 0, ticks = 0] = content.trim().split(' ').map(Number)
  return { pid, ticks }
}

function isLiving({ pid, ticks }: Holder): boolean {
  return pid > 0 && startTicksOf(pid) === ticks
}

function refuseLiving(content: string): void {
  const holder = holderOf(content)
  if (!isLiving(holder)) return
  throw new LockError('already_running', `already running (process ${holder.pid})`, {
    hint: 'a second instance on this machine needs a --name of its own; `fairlead down` ends the first',
  })
}
