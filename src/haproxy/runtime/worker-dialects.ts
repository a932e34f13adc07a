import { AnotherWorkerError, HaproxyError } from './errors.ts'
import { workerDialect } from './converse.ts'
import type { Dialect } from './converse.ts'
import { parseInfo } from './info.ts'
import { parseProcesses } from './master.ts'

/** One worker: its pid, and when it started, since pids are used again (in a container, at once). */
export type WorkerIdentity = {
  readonly pid: number
  /** `Start_time_sec`, Unix seconds by HAProxy's clock. */
  readonly startedAtSeconds: number
}

export function isSameWorker(one: WorkerIdentity, other: WorkerIdentity | undefined): boolean {
  return one.pid === other?.pid && one.startedAtSeconds === other.startedAtSeconds
}

/**
 * A worker's own socket, for commands that are meant for one worker: when another one answers, none
 * is sent. Throws HaproxyError `haproxy_unreachable` then.
 */
export function dialectFor(worker: WorkerIdentity): Dialect {
  return {
    ...workerDialect,
    head: [...workerDialect.head, 'show info'],
    check: (replies) => {
      const info = parseInfo(replies.at(-1) ?? '')
      if (info === undefined || !isSameWorker(info, worker)) throw anotherWorker(worker)
    },
  }
}

/**
 * The same over the master's command line, where a command names its worker (management.txt §9.4,
 * `@!<pid>`). A worker that only finishes what it has would still do what it is told, so the master
 * is first asked which one takes connections. Up to 3.0 severities get lost on the way, and are put
 * back by HAProxy's words.
 */
export function masterDialectFor(worker: WorkerIdentity): Dialect {
  return {
    ...masterDialect(worker.pid),
    head: ['prompt', 'show proc'],
    check: (replies) => {
      if (parseProcesses(replies.at(-1) ?? '')?.workers.includes(worker.pid) !== true)
        throw anotherWorker(worker)
    },
    reply: withSeverity,
  }
}

/**
 * The master's command line, with each command put to one of its workers; replies as they come.
 * Throws StartingError where the worker cannot be spoken to yet: from 3.1 the master names it as soon
 * as it is forked, and drops what else it was sent with a command that it cannot pass on.
 */
export function masterDialect(pid: number): Dialect {
  return {
    prompt: /\nmaster(?:\[ReloadFailed\])?> /,
    lead: '\n',
    head: ['prompt', `@!${pid} show info`],
    check: (replies) => {
      if (replies.at(-1)?.startsWith("Can't find the target") === true) {
        const text = `worker ${pid} does not answer its master yet, or no more`
        throw new StartingError('haproxy_unreachable', text)
      }
    },
    line: (command) => `@!${pid} ${command}`,
  }
}

/** The master is there, and its worker not yet. Code `haproxy_unreachable`. */
export class StartingError extends HaproxyError {}

function anotherWorker({ pid }: WorkerIdentity): AnotherWorkerError {
  return new AnotherWorkerError(
    'haproxy_unreachable',
    `worker ${pid} has gone: HAProxy was reloaded or started anew by someone else`,
    { hint: 'try again: it is read back first' },
  )
}

/** What HAProxy says of a command that it has done, where it says anything (management.txt §9.3). */
const doneWords =
  /^(?:New (?:server|backend) registered|(?:Server|Backend) deleted|Backend (?:un)?published|IP changed from|port changed from|no need to change|nothing changed|Done\.|New version created|Transaction (?:created|updated|aborted)|New empty )/

/** The same, of what tells its progress first: `commit ssl cert`, `add ssl crt-list`. */
const doneAtLast = /(?:^|\n)Success!$|^(?:Certificate|Entry) .* deleted\b.*!$/

const failedQuestions =
  /^(?:Can't|No such|Permission denied|Unknown map|Unknown ACL|Missing|Invalid|Expects|Require|Malformed)/

/**
 * A reply as it comes with severities. A word that is not known to mean success counts as a
 * refusal: then fairlead reloads, which is right in any case.
 */
export function withSeverity(command: string, marked: string): string {
  // Each line of a payload is answered by a mark.
  const reply = marked.replace(/^(?:\+ ?)+\n*/, '')
  if (reply === '' || /^(?:\[\d\]: |Unknown command)/.test(reply)) return reply
  const isQuestion = /^(?:show|help)\b/.test(command)
  const isDone = doneWords.test(reply) || doneAtLast.test(reply)
  const isFine = isQuestion ? !failedQuestions.test(reply) : isDone
  if (!isFine) return `[3]: ${reply}`
  return isQuestion ? reply : `[6]: ${reply}`
}
