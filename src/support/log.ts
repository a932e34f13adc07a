import { styleText } from 'node:util'
import pino, { type Logger } from 'pino'
import { printable } from './printable.ts'

export type { Logger } from 'pino'

/**
 * The daemon's log on standard output: JSON lines for programs, or one readable line each, with
 * nothing in it that a terminal obeys but fairlead's own colours. Written
 * synchronously, so that the last line before a crash is there.
 */
export function createLogger(
  level: 'debug' | 'info' | 'warn' | 'error',
  format: 'pretty' | 'json',
): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  if (format === 'json') return pino(options, pino.destination({ fd: 1, sync: true }))
  return pino(options, { write: (line) => void process.stdout.write(readable(line)) })
}

const colours = { 10: 'gray', 20: 'gray', 30: 'green', 40: 'yellow', 50: 'red', 60: 'red' } as const
const names: Record<number, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}

function readable(line: string): string {
  const { level, time, msg, ...rest } = JSON.parse(line) as {
    level: keyof typeof colours
    time: string
    msg?: string
  } & Record<string, unknown>
  const isTerminal = process.stdout.isTTY
  const name = (names[level] ?? '').padEnd(5)
  const fields = Object.entries(rest).map(([key, value]) => ` ${key}=${plain(value)}`)
  return `${time} ${isTerminal ? styleText(colours[level], name) : name} ${printable(msg ?? '')}${fields.join('')}\n`
}

function plain(value: unknown): string {
  return typeof value === 'string' && /^[\w./:@-]+$/.test(value)
    ? value
    : printable(JSON.stringify(value))
}
