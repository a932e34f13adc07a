import { createConnection } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { messageOf } from '../../model/errors.ts'
import { addressChanges, haveArrived, splitAfterAddresses } from './address-changes.ts'
import type { AddressChange } from './address-changes.ts'
import { connectTo } from './address.ts'
import { mostReplyLength, converse, unreachable, workerDialect } from './converse.ts'
import type { Dialect } from './converse.ts'
import { AnotherWorkerError, HaproxyError } from './errors.ts'
import { parseServers, showServersCommand } from './servers.ts'
import { splitAtTransactions, Transactions } from './transactions.ts'
import { payloadOf, showCommand, unsendable } from './words.ts'
import { onSilence } from './silence.ts'

/** How long a new address is waited for; it takes a millisecond or two. */
const arrivalMs = 500

export type SocketOptions = {
  /** Longest silence before the connection is given up. */
  readonly timeoutMs?: number
  /**
   * For a master's socket, or one worker alone; else whichever worker answers on its own socket.
   * A function is asked anew for each connection.
   */
  readonly dialect?: Dialect | (() => Dialect)
  /** How long the worker that is meant is waited for while another one answers; 0 unless given. */
  readonly otherWorkerMs?: number
}

/**
 * Runs commands on HAProxy's control socket, in order, over one new connection; one reply per
 * command, without trailing blank lines and with its severity (`[3]: …`). Works the same on 2.6 to
 * 3.4: interactive mode, one command per line, pipelined, replies told apart by the prompts. A new
 * address of a server is in use before the next command is sent, over a connection of its own; so it
 * is with a transaction, of which `Transactions` tells more.
 *
 * Throws HaproxyError `haproxy_unreachable` (no connection, closed too early, silent) and
 * `haproxy_refused` for a command that cannot be sent as one command; then none was sent.
 */
export async function runCommands(
  path: string,
  commands: readonly string[],
  options: SocketOptions = {},
): Promise<string[]> {
  refuseUnsendable(commands)
  const replies: string[] = []
  const transactions = new Transactions()
  for (const part of splitAfterAddresses(commands).flatMap(splitAtTransactions)) {
    const due = part.map((command) => transactions.next(command))
    const answers = await say(path, due, options)
    await untilArrived(path, addressChanges(part, answers), options)
    for (const [index, command] of part.entries()) {
      replies.push(transactions.got(command, withoutMarks(command, answers[index] ?? '')))
    }
  }
  return replies
}

/** Around a reload the old worker may still take a connection: it is given none of the commands then. */
async function say(
  path: string,
  commands: readonly string[],
  options: SocketOptions,
): Promise<string[]> {
  const { dialect = workerDialect, timeoutMs = 5000, otherWorkerMs = 0 } = options
  const endAt = performance.now() + otherWorkerMs
  for (;;) {
    const talk = { dialect: typeof dialect === 'function' ? dialect() : dialect, timeoutMs }
    try {
      return await converse(path, commands, talk)
    } catch (error) {
      if (!(error instanceof AnotherWorkerError) || performance.now() >= endAt) throw error
      await setTimeout(5)
    }
  }
}

/** Up to 3.0 HAProxy answers each line of a payload with a mark. */
function withoutMarks(command: string, reply: string): string {
  return payloadOf(command) === undefined ? reply : reply.replace(/^(?:\+ )+\n*/, '')
}

/** Throws HaproxyError `haproxy_refused` when one of them cannot be sent as one command. */
function refuseUnsendable(commands: readonly string[]): void {
  for (const command of commands) {
    const reason = unsendable(command)
    if (reason === undefined) continue
    throw new HaproxyError(
      'haproxy_refused',
      `a command was not sent because ${reason}: ${showCommand(command).slice(0, 80)}`,
    )
  }
}

/** Until HAProxy uses the new addresses. What takes too long is left to who reads back what is so. */
async function untilArrived(
  path: string,
  changes: readonly AddressChange[],
  options: SocketOptions,
): Promise<void> {
  if (changes.length === 0) return
  const ids = new Set(changes.map(({ id }) => id))
  const backends = new Set(changes.map(({ backend }) => backend))
  const endAt = performance.now() + arrivalMs
  for (;;) {
    const questions = [...backends].map(showServersCommand)
    const replies = await say(path, questions, options)
    const servers = new Map(replies.flatMap((reply) => [...parseServers(reply, ids)]))
    if (haveArrived(changes, servers) || performance.now() >= endAt) return
    await setTimeout(1)
  }
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
    onSilence(socket, timeoutMs, () => fail(`silent for ${timeoutMs} ms`))
    socket.on('connect', () => socket.write(`${line}\n`))
    socket.on('error', (error) => fail(messageOf(error), error))
    socket.on('data', (text: string) => {
      answer += text
      if (answer.length > mostReplyLength) fail('its reply has no end')
    })
    socket.on('end', () => {
      socket.destroy()
      resolve(answer)
    })
  })
}
