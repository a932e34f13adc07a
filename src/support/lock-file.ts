import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FairleadError } from '../model/errors.ts'
import { startTicksOf } from './process-identity.ts'

/** Another process holds the lock. Code `already_running`. */
export class LockError extends FairleadError {}

/**
 * Takes a lock for this process: a file with its pid and start time. A lock whose process has ended
 * (also by kill -9, also when its pid is used again) is taken over. Resolves to the release.
 */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  for (;;) {
    try {
      const file = await open(path, 'wx', 0o600)
      await file.writeFile(`${process.pid} ${startTicksOf(process.pid) ?? 0}\n`)
      await file.close()
      return () => rm(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = await readFile(path, 'utf8').catch(() => '')
    const [pid = 0, ticks = 0] = holder.trim().split(' ').map(Number)
    if (pid > 0 && startTicksOf(pid) === ticks) {
      throw new LockError('already_running', `already running (process ${pid})`, {
        hint: 'a second instance on this machine needs a --name of its own; `fairlead down` ends the first',
      })
    }
    await rm(path, { force: true })
  }
}
