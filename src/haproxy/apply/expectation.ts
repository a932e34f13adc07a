import type { RunningServer } from '../control.ts'
import type { RunningState } from '../diff/plan.ts'
import { interpretServerCommand } from '../runtime/interpret-servers.ts'
import { parseServers, showServersCommand } from '../runtime/servers.ts'
import { splitCommand } from '../runtime/words.ts'
import type { KnownState } from './read-back.ts'

/** What commands should have led to, and how to see whether they did. */
export type Expectation = {
  /** Commands that read back what was touched. */
  readonly questions: readonly string[]
  /** The first difference, for people; undefined when there is none. What is to be deleted may be gone or out of service. */
  check(replies: readonly string[], removals: readonly string[]): string | undefined
  /** After `check`: brings what is known of servers and backends up to what was read. */
  update(known: Pick<KnownState, 'servers' | 'backends'>): void
}

/** From so many backends on, one listing of all servers is cheaper than one each. */
const manyBackends = 20

/**
 * Only the backends of which the commands name a server are read back, so the cost follows the
 * change. Servers are compared in address, port, weight and admin state: HAProxy's own opinion
 * (checks) is not ours to expect.
 */
export function expectationOf(commands: readonly string[], base: RunningState): Expectation {
  const expected = new Map<string, RunningServer>()
  const touched = new Set<string>()
  for (const command of commands) {
    const words = splitCommand(command)
    const key = serverOf(words)
    if (key === undefined) continue
    const server = base.servers.get(key)
    if (!touched.has(key) && server !== undefined) expected.set(key, server)
    touched.add(key)
    interpretServerCommand({ servers: expected, backends: undefined }, words)
  }
  const backends = new Set([...touched].map((key) => key.slice(0, key.indexOf('/'))))
  const serverQuestions =
    backends.size > manyBackends ? [showServersCommand()] : [...backends].map(showServersCommand)
  let read = new Map<string, RunningServer>()
  return {
    questions: serverQuestions,
    check(replies, removals) {
      read = new Map(
        serverQuestions.flatMap((_, index) => [...parseServers(replies[index] ?? '', touched)]),
      )
      return compareServers(touched, expected, read, new Set(removals))
    },
    update({ servers }) {
      for (const key of touched) servers.delete(key)
      for (const [key, server] of read) servers.set(key, server)
    },
  }
}

/** `backend/server` of a command about a server; files have slashes in their names, too. */
function serverOf([, noun = '', ...rest]: readonly string[]): string | undefined {
  if (noun === 'map' || noun === 'acl' || noun === 'ssl') return undefined
  return rest.slice(0, 2).find((word) => word.includes('/'))
}

function compareServers(
  touched: ReadonlySet<string>,
  expected: ReadonlyMap<string, RunningServer>,
  read: ReadonlyMap<string, RunningServer>,
  removals: ReadonlySet<string>,
): string | undefined {
  for (const key of touched) {
    const [want, is] = [expected.get(key), read.get(key)]
    if (is === undefined && (want === undefined || removals.has(key))) continue
    if (is === undefined) return `server ${key} is missing`
    if (want === undefined) return `server ${key} is still there`
    if (describe(want) !== describe(is))
      return `server ${key} is ${describe(is)}, not ${describe(want)}`
  }
  return undefined
}

function describe(server: RunningServer): string {
  return `${server.address}:${server.port} weight ${server.weight} ${server.admin}`
}
