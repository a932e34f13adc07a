import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import type { LogLevel, RunnerConfig } from '../config/contract.ts'
import { exitCodes, RunnerError } from './errors.ts'
import type { LogSink } from './log.ts'

type Syslog = NonNullable<RunnerConfig['syslog']>

/** RFC 5424, 6.2.1. */
const severities: Readonly<Record<LogLevel, string>> = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warning',
  ERR: 'err',
}

/**
 * The system's log. Node has no datagram sockets of the kind that /dev/log is, so the lines go
 * through the program `logger`, one process for each severity that occurs. Throws a RunnerError
 * with exit code 15 where that program is missing.
 */
export function openSyslog({ facility, name }: Syslog): { readonly sink: LogSink; close(): void } {
  if (spawnSync('logger', ['--version'], { stdio: 'ignore' }).error !== undefined) {
    throw new RunnerError('syslog needs the program logger, which is not there', {
      exitCode: exitCodes.config,
    })
  }
  const loggers = new Map<string, ChildProcess>()
  const loggerFor = (severity: string): ChildProcess => {
    const running = loggers.get(severity)
    if (running !== undefined) return running
    const args = ['-p', `${facility.toLowerCase()}.${severity}`, '-t', name]
    // A group of its own: Ctrl-C must not end it before the last lines.
    const child = spawn('logger', args, { stdio: ['pipe', 'ignore', 'inherit'], detached: true })
    const gone = (): void => void loggers.delete(severity)
    child.once('error', gone).once('exit', gone)
    child.stdin?.on('error', gone)
    loggers.set(severity, child)
    return child
  }
  return {
    sink: (line, level) => {
      // The time is syslog's own.
      const [, words = line] = /^\S+ \S+ (.*)$/s.exec(line) ?? []
      loggerFor(severities[level]).stdin?.write(words)
    },
    close() {
      for (const { stdin } of loggers.values()) stdin?.end()
    },
  }
}
