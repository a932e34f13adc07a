import { ConfigRejectedError } from '../runtime/errors.ts'
import type { ConfigMessage } from '../runtime/errors.ts'
import { run } from './program.ts'

/**
 * `haproxy -c` on a file, or a folder of them; `folder` is where relative paths begin. Binds nothing.
 * Throws ConfigRejectedError for any mistake, and for a configuration without a listener (exit code
 * 2), which HAProxy would not start with.
 */
export async function validateConfig(
  program: string,
  configPath: string,
  folder?: string,
): Promise<void> {
  const place = folder === undefined ? [] : ['-C', folder]
  const { code, output } = await run(program, [...place, '-c', '-f', configPath])
  if (code === 0) return
  const messages = parseMessages(output)
  throw new ConfigRejectedError(rejection(code, messages, output), messages)
}

function rejection(code: number, messages: readonly ConfigMessage[], output: string): string {
  const first = messages.find((message) => message.level === 'alert') ?? messages[0]
  if (code === 2 && first?.level !== 'alert')
    return 'HAProxy finds no listener in the configuration, so it would not start'
  if (first === undefined)
    return `HAProxy rejects the configuration: ${output.trim().split('\n').at(-1) ?? ''}`
  const place = first.line === undefined ? '' : ` in line ${first.line}`
  return `HAProxy rejects the configuration${place}: ${first.text}`
}

const start = /^\[(ALERT|WARNING|NOTICE)\]\s+\(\d+\) : (.*)$/
const located = /^(?:config : )?(?:[Pp]arsing )?\[(.+?):(\d+)\]\s?:\s?(.*)$/
const bound = /^(?:config : )?(.*?\[(\S+?):(\d+)\].*)$/

/** Reads what HAProxy writes at `-c` and at start; lines that continue a message are joined to it. */
export function parseMessages(output: string): ConfigMessage[] {
  const messages: ConfigMessage[] = []
  for (const line of output.split('\n')) {
    const match = start.exec(line)
    const last = messages.at(-1)
    if (match !== null) {
      messages.push(messageOf(match[1] ?? '', match[2] ?? ''))
    } else if (last !== undefined && /^\s+[^\s^]/.test(line)) {
      messages[messages.length - 1] = { ...last, text: `${last.text} ${line.trim()}` }
    }
  }
  return messages
}

function messageOf(level: string, rest: string): ConfigMessage {
  const kind = level === 'ALERT' ? 'alert' : level === 'WARNING' ? 'warning' : 'notice'
  const place = located.exec(rest)
  if (place !== null) {
    return {
      level: kind,
      file: place[1] ?? '',
      line: Number(place[2]),
      text: (place[3] ?? '').trim(),
    }
  }
  const other = bound.exec(rest)
  if (other !== null) {
    return {
      level: kind,
      file: other[2] ?? '',
      line: Number(other[3]),
      text: (other[1] ?? '').trim(),
    }
  }
  return { level: kind, file: '', line: undefined, text: rest.replace(/^config : /, '').trim() }
}
