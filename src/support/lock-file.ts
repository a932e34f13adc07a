import { mkdir, readFile, rm, rmdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FairleadError } from '../model/errors.ts'
import { writeFileAtomic } from './atomic-file.ts'
import { startTicksOf } from './process-identity.ts'

/** Another process holds the lock. Code `already_running`. */
export class LockError extends FairleadError {}

/** A guard is held for milliseconds; one this old was left by a process killed in that moment. */
const staleGuardMs = 10_000
const askAgainMs = 5

/**
 * Takes a lock for this process: a file with its pid and start time. A lock whose process has ended
 * (also by kill -9, also when its pid is used again) is taken over. Resolves to the release.
 *
 * Of several that try at once one gets it: looking and writing are done under a guard, a folder,
 * which the system lets only one of them make.
 */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const guard = `${path}.guard`
  await makeGuard(guard)
  try {
    refuseLiving(await contentOf(path))
    await writeFileAtomic(path, `${process.pid} ${startTicksOf(process.pid) ?? 0}\n`)
  } finally {
    await rmdir(guard)
  }
  return () => rm(path, { force: true })
}

async function makeGuard(guard: string): Promise<void> {
  for (;;) {
    try {
      await mkdir(guard)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (await isStale(guard)) await rmdir(guard).catch(unlessGone)
    else await new Promise((resolve) => setTimeout(resolve, askAgainMs))
  }
}

async function isStale(guard: string): Promise<boolean> {
  const made = await stat(guard).catch(unlessGone)
  return made !== undefined && Math.abs(Date.now() - made.mtimeMs) > staleGuardMs
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
  return undefined
}

/** Empty where there is no file. */
async function contentOf(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(unlessGone)) ?? ''
}

function refuseLiving(content: string): void {
  const [pid = 0, ticks = 0] = content.trim().split(' ').map(Number)
  if (pid <= 0 || startTicksOf(pid) !== ticks) return
  throw new LockError('already_running', `already running (process ${pid})`, {
    hint: 'a second instance on this machine needs a --name of its own; `fairlead down` ends the first',
  })
}
