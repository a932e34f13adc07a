import { refusalOf } from './replies.ts'
import { versionMark } from './words.ts'

/**
 * The commands in pieces, each to be sent when the replies to those before are known: a new one
 * begins after `prepare`, whose reply names the version that is filled next, and with `commit`.
 */
export function splitAtTransactions(commands: readonly string[]): string[][] {
  const pieces: string[][] = []
  let piece: string[] = []
  for (const command of commands) {
    if (isCommit(command)) piece = []
    if (piece.length === 0) pieces.push(piece)
    piece.push(command)
    if (isPrepare(command)) piece = []
  }
  return pieces
}

function isPrepare(command: string): boolean {
  return command.startsWith('prepare ')
}

function isCommit(command: string): boolean {
  return command.startsWith('commit ')
}

/**
 * What must be known of the replies so far to send the next command. Two kinds of commands depend on
 * them: those with `@?` instead of a version (`add map @? FILE`) get the one that the last `prepare`
 * has made, and a `commit` is sent only if nothing was refused before. Else what was begun is dropped
 * instead, so that nobody ever meets half of it.
 */
export class Transactions {
  #version = 0
  #hasRefusal = false

  /** The command as it is to be sent now. */
  next(command: string): string {
    const due = this.#isDropped(command) ? dropping(command) : command
    return due.replace(marked, `$1@${this.#version} `)
  }

  /** Takes a command's reply, in order; gives it as it counts for the one who asked. */
  got(command: string, reply: string): string {
    if (this.#isDropped(command)) {
      return '[3]: Not committed, since HAProxy refused something before.'
    }
    if (isPrepare(command)) {
      const version = /New version created: (\d+)/.exec(reply)?.[1]
      if (version === undefined) this.#hasRefusal = true
      else this.#version = Number(version)
    }
    if (refusalOf(reply) !== undefined) this.#hasRefusal = true
    return reply
  }

  /** The same when it is sent and when its reply is there: all replies before it are known then. */
  #isDropped(command: string): boolean {
    return this.#hasRefusal && isCommit(command)
  }
}

const marked = new RegExp(String.raw`^(\S+ \S+ )${versionMark.replace('?', String.raw`\?`)} `)

/** `commit map @? FILE` → `clear map @? FILE`, `commit ssl cert FILE` → `abort ssl cert FILE`. */
function dropping(commit: string): string {
  return commit.replace(/^commit/, commit.startsWith('commit ssl ') ? 'abort' : 'clear')
}
