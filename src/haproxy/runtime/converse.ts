import { createConnection } from 'node:net'
import { messageOf } from '../../model/errors.ts'
import { connectTo } from './address.ts'
import { HaproxyError } from './errors.ts'
import { onSilence } from './silence.ts'

/** Commands in flight at once: HAProxy reads at most 16,384 bytes (one buffer) of them. */
const batchBytes = 12_000

const promptLength = 32

/**
 * In characters: 10,000 servers take 3 million of statistics, and a map of a million entries some 60.
 * Whatever says more is not waited for.
 */
export const mostReplyLength = 128 * 1024 * 1024

/** How commands are put to one of HAProxy's command lines, and its replies told apart. */
export type Dialect = {
  /** Stands after each reply (management.txt §9.3, `prompt`); of at most 32 characters. */
  readonly prompt: RegExp
  /** Taken as said first, where the first prompt does not begin on a new line. */
  readonly lead: string
  /** Lines sent before the commands; the first switches the prompt on. */
  readonly head: readonly string[]
  /** Looks at the replies to the head before any command is sent; what it throws ends the talk. */
  readonly check?: (replies: readonly string[]) => void
  /** The line for a command. */
  readonly line?: (command: string) => string
  /** A reply with its severity, where HAProxy leaves it away. */
  readonly reply?: (command: string, reply: string) => string
}

export type Talk = {
  readonly dialect: Dialect
  /** Longest silence before the connection is given up. */
  readonly timeoutMs: number
}

/** A worker's own socket: interactive mode, each reply with its severity (`[3]: …`). */
export const workerDialect: Dialect = {
  prompt: /\n> /,
  lead: '',
  head: ['prompt', 'set severity-output number'],
}

/**
 * Sends commands over one new connection, one a line, and gives their replies, without blank lines
 * around them. Throws HaproxyError `haproxy_unreachable` (no connection, closed too early, silent),
 * and what `check` throws.
 */
export async function converse(
  address: string,
  commands: readonly string[],
  talk: Talk,
): Promise<string[]> {
  const { dialect, timeoutMs } = talk
  const { head, line = asItIs } = dialect
  const lines = [...head, ...commands.map(line)]
  const replies = await exchange(address, lines, dialect, timeoutMs)
  const { reply } = dialect
  const own = replies.slice(head.length)
  return reply === undefined ? own : own.map((text, index) => reply(commands[index] ?? '', text))
}

function exchange(
  address: string,
  lines: readonly string[],
  dialect: Dialect,
  timeoutMs: number,
): Promise<string[]> {
  const { prompt, head, check } = dialect
  return new Promise((resolve, reject) => {
    const socket = createConnection(connectTo(address))
    const replies: string[] = []
    let sent = 0
    let unread = dialect.lead
    let edge = unread
    const sendMore = (): void => {
      const end = check !== undefined && sent < head.length ? head.length : lines.length
      const batch = nextBatch(lines, sent, end)
      sent += batch.length
      if (batch.length > 0) socket.write(`${batch.join('\n')}\n`)
    }
    const finish = (): void => {
      socket.removeAllListeners('close')
      socket.destroy()
    }
    const fail = (why: string, cause?: unknown): void => {
      socket.destroy()
      reject(unreachable(address, why, cause))
    }
    const hear = (): void => {
      if (replies.length >= lines.length) {
        finish()
        resolve(replies.slice(0, lines.length))
      } else if (replies.length === sent) {
        sendMore()
      }
    }
    socket.setEncoding('utf8')
    onSilence(socket, timeoutMs, () => fail(`silent for ${timeoutMs} ms`))
    socket.on('connect', sendMore)
    socket.on('error', (error) => fail(messageOf(error), error))
    socket.on('close', () => fail(`closed after ${replies.length} of ${lines.length} replies`))
    socket.on('data', (text: string) => {
      unread += text
      if (unread.length > mostReplyLength) {
        fail('its reply has no end')
        return
      }
      // A reply can have megabytes in many pieces; it is looked at as a whole only when it is complete.
      edge = edge.slice(1 - promptLength) + text
      if (!prompt.test(edge)) return
      const parts = unread.split(prompt)
      unread = parts.pop() ?? ''
      edge = unread
      const isHead = replies.length < head.length
      for (const part of parts) replies.push(withoutBlankEnds(part))
      try {
        if (isHead && replies.length >= head.length) check?.(replies.slice(0, head.length))
        hear()
      } catch (error) {
        finish()
        reject(error)
      }
    })
  })
}

function withoutBlankEnds(reply: string): string {
  let start = 0
  let end = reply.length
  while (reply.charAt(start) === '\n') start += 1
  while (end > start && reply.charAt(end - 1) === '\n') end -= 1
  return reply.slice(start, end)
}

function asItIs(command: string): string {
  return command
}

function nextBatch(lines: readonly string[], from: number, end: number): string[] {
  const batch: string[] = []
  let bytes = 0
  for (const line of lines.slice(from, Math.min(end, from + 400))) {
    bytes += Buffer.byteLength(line) + 1
    if (batch.length > 0 && bytes > batchBytes) break
    batch.push(line)
  }
  return batch
}

export function unreachable(address: string, why: string, cause?: unknown): HaproxyError {
  return new HaproxyError('haproxy_unreachable', `HAProxy does not answer on ${address}: ${why}`, {
    cause,
  })
}
