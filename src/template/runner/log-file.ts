import { appendFileSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import type { RunnerConfig } from '../config/contract.ts'
import { fileFault } from './errors.ts'
import type { LogSink } from './log.ts'

type LogFile = NonNullable<RunnerConfig['logFile']>

/**
 * A log in a file that starts anew when it has reached a size or an age; the earlier ones are named
 * by when they were put aside, `NAME-UNIXMS.EXT`, and only the newest are kept. Written at once,
 * line by line. Throws a RunnerError when the file cannot be written at the start; later such lines
 * are lost, and the other logs go on.
 */
export function openLogFile(setting: LogFile, now: () => number): LogSink {
  const { path, rotateBytes, rotateMs } = setting
  try {
    mkdirSync(dirname(path), { recursive: true })
    appendFileSync(path, '')
  } catch (error) {
    throw fileFault('cannot write log file', path, error)
  }
  let sizeBytes = statSync(path).size
  let startedMs = now()
  return (line) => {
    const isFull = rotateBytes > 0 && sizeBytes >= rotateBytes
    const isOld = rotateMs > 0 && now() - startedMs >= rotateMs
    try {
      if (isFull || isOld) {
        putAside(setting, now())
        sizeBytes = 0
        startedMs = now()
      }
      appendFileSync(path, line)
      sizeBytes += Buffer.byteLength(line)
    } catch {
      // A full disk must not end what keeps a load balancer up to date; standard error has the line.
    }
  }
}

function putAside({ path, mostFiles }: LogFile, nowMs: number): void {
  const [extension, folder] = [extname(path), dirname(path)]
  const stem = basename(path, extension)
  if (mostFiles < 0) {
    rmSync(path, { force: true })
    return
  }
  renameSync(path, join(folder, `${stem}-${nowMs}${extension}`))
  if (mostFiles === 0) return
  const isEarlier = (name: string): boolean =>
    name.startsWith(`${stem}-`) &&
    name.endsWith(extension) &&
    /^\d+$/.test(name.slice(stem.length + 1, name.length - extension.length))
  const earlier = readdirSync(folder).filter(isEarlier).sort()
  for (const name of earlier.slice(0, -mostFiles)) rmSync(join(folder, name), { force: true })
}
