import { printable } from '../../support/printable.ts'
import type { LogLevel } from '../config/contract.ts'

/** The program's log, in consul-template's form. A part is what a line is about: `runner`, `cli`. */
export type Log = {
  readonly [Name in Lowercase<LogLevel>]: (part: string, message: string) => void
}

/** Takes whole lines with their line feed. */
export type LogSink = (line: string, level: LogLevel) => void

/** A mistake in a template quotes the place, which may be a text of any length. */
const mostCharacters = 2000

const levels: readonly LogLevel[] = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERR']

/** A log of the lines of a level and above it. */
export function createLog(level: LogLevel, sinks: readonly LogSink[], now: () => Date): Log {
  const least = levels.indexOf(level)
  const writer = (own: LogLevel) => (part: string, message: string) => {
    if (levels.indexOf(own) < least) return
    const line = `${stamp(now())} [${own}] (${part}) ${shown(message)}\n`
    for (const sink of sinks) sink(line, own)
  }
  return {
    trace: writer('TRACE'),
    debug: writer('DEBUG'),
    info: writer('INFO'),
    warn: writer('WARN'),
    err: writer('ERR'),
  }
}

function shown(message: string): string {
  const line = printable(message.trimEnd())
  return line.length <= mostCharacters ? line : `${line.slice(0, mostCharacters)}…`
}

/** `2026/11/23 14:05:06.123000`: local time, as Go's log package has it. Node knows milliseconds. */
function stamp(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${time.getFullYear()}/${two(time.getMonth() + 1)}/${two(time.getDate())}`
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')
  return `${day} ${clock}.${String(time.getMilliseconds()).padStart(3, '0')}000`
}
