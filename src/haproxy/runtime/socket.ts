import { createConnection } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { messageOf } from '../../model/errors.ts'
import { addressChanges, haveArrived, splitAfterAddresses } from './address-changes.ts'
import type { AddressChange } from './address-changes.ts'
import { connectTo } from './address.ts'
import { HaproxyError } from './errors.ts'
import { parseServers, showServersCommand } from './servers.ts'
import { unsendable } from './words.ts'

/** HAProxy ends the line of an interactive command line with this (management.txt §9.3, `prompt`). */
const prompt = '\n> '

/** Commands in flight at once: HAProxy reads at most 16,384 bytes (one buffer) of them. */
const batchBytes = 12_000

/** How long a new address is waited for; it takes a millisecond or two. */
const arrivalMs = 500

export type SocketOptions = {
  /** Longest silence before the connection is given up. */
  readonly timeoutMs?: number
}

/**
 * Runs commands on HAProxy's stats socket, in order, over one new connection; one reply per
 * command, without trailing blank lines and with its severity (`[3]: …`). Works the same on 2.6 to
 * 3.4: interactive mode, one command per line, pipelined, replies told apart by the prompts. A new
 * address of a server is in use before the next command is sent, over a connection of its own.
 *
 * Throws HaproxyError `haproxy_unreachable` (no connection, closed too early, silent) and
 * `haproxy_refused` for a command that cannot be sent as one command; then none was sent.
 */
export async function runCommands(
  path: string,
  commands: readonly string[],
  options: SocketOptions = {},
): Promise<string[]> {
  for (const command of commands) {
    const reason = unsendable(command)
    if (reason !== undefined) {
      throw new HaproxyError(
        'haproxy_refused',
        `a command was not sent because ${reason}: ${command.slice(0, 80)}`,
      )
    }
  }
  const timeoutMs = options.timeoutMs ?? 5000
  const replies: string[] = []
  for (const part of splitAfterAddresses(commands)) {
    const answers = await converseNumbered(path, part, timeoutMs)
    await untilArrived(path, addressChanges(part, answers), timeoutMs)
    replies.push(...answers)
  }
  return replies
}

async function converseNumbered(
  path: string,
  commands: readonly string[],
  timeoutMs: number,
): Promise<string[]> {
  const lines = ['prompt', 'set severity-output number', ...commands]
  return (await converse(path, lines, timeoutMs)).slice(2)
}

/** Until HAProxy uses the new addresses. What takes too long is left to who reads back what is so. */
async function untilArrived(
  path: string,
  changes: readonly AddressChange[],
  timeoutMs: number,
): Promise<void> {
  if (changes.length === 0) return
  const ids = new Set(changes.map(({ id }) => id))
  const backends = new Set(changes.map(({ backend }) => backend))
  const endAt = performance.now() + arrivalMs
  for (;;) {
    const questions = [...backends].map(showServersCommand)
    const replies = await converseNumbered(path, questions, timeoutMs)
    const servers = new Map(replies.flatMap((reply) => [...parseServers(reply, ids)]))
    if (haveArrived(changes, servers) || performance.now() >= endAt) return
    await setTimeout(1)
  }
}

function converse(path: string, lines: readonly string[], timeoutMs: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(connectTo(path))
    const replies: string[] = []
    let sent = 0
    let unread = ''
    let edge = ''
    const sendMore = (): void => {
      const batch = nextBatch(lines, sent)
      sent += batch.length
      if (batch.length > 0) socket.write(`${batch.join('\n')}\n`)
    }
    const fail = (why: string, cause?: unknown): void => {
      socket.destroy()
      reject(unreachable(path, why, cause))
    }
    socket.setEncoding('utf8')
    socket.setTimeout(timeoutMs, () => fail(`silent for ${timeoutMs} ms`))
    socket.on('connect', sendMore)
    socket.on('error', (error) => fail(messageOf(error), error))
    socket.on('close', () => fail(`closed after ${replies.length} of ${lines.length} replies`))
    socket.on('data', (text: string) => {
      unread += text
      // A reply can have megabytes in many pieces; it is looked at as a whole only when it is complete.
      edge = edge.slice(1 - prompt.length) + text
      if (!edge.includes(prompt)) return
      const parts = unread.split(prompt)
      unread = parts.pop() ?? ''
      edge = unread
      for (const part of parts) replies.push(withoutBlankEnds(part))
      if (replies.length >= lines.length) {
        socket.removeAllListeners('close')
        socket.destroy()
        resolve(replies.slice(0, lines.length))
      } else if (replies.length === sent) {
        sendMore()
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

function nextBatch(lines: readonly string[], from: number): string[] {
  const batch: string[] = []
  let bytes = 0
  for (const line of lines.slice(from, from + 400)) {
    bytes += Buffer.byteLength(line) + 1
    if (batch.length > 0 && bytes > batchBytes) break
    batch.push(line)
  }
  return batch
}

/**
 * Sends one line and reads until HAProxy closes the connection: for the master's command line,
 * which has no such prompt. Throws HaproxyError `haproxy_unreachable` with the system's error as cause.
 */
export function askUntilEnd(path: string, line: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = createConnection(connectTo(path))
    let answer = ''
    socket.setEncoding('utf8')
    const fail = (why: string, cause?: unknown): void => {
      socket.destroy()
      reject(unreachable(path, why, cause))
    }
    socket.setTimeout(timeoutMs, () => fail(`silent for ${timeoutMs} ms`))
    socket.on('connect', () => socket.write(`${line}\n`))
    socket.on('error', (error) => fail(messageOf(error), error))
    socket.on('data', (text: string) => {
      answer += text
    })
    socket.on('end', () => {
      socket.destroy()
      resolve(answer)
    })
  })
}

function unreachable(path: string, why: string, cause: unknown): HaproxyError {
  return new HaproxyError('haproxy_unreachable', `HAProxy does not answer on ${path}: ${why}`, {
    cause,
  })
}
