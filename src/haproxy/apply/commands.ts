import type { DesiredState } from '../../model/desired-state.ts'
import type { Plan } from '../diff/plan.ts'
import { deleteCommand } from '../diff/backend-commands.ts'
import { retryingMs } from '../diff/retries.ts'
import { refusalOf } from '../runtime/replies.ts'
import { showCommand } from '../runtime/words.ts'
import type { ApplyContext } from './context.ts'
import { expectationOf } from './expectation.ts'
import { backendExpectationOf } from './expected-backends.ts'
import { fileExpectationOf } from './expected-files.ts'
import { settingExpectationOf } from './expected-settings.ts'
import type { KnownState } from './read-back.ts'
import { isGone } from './removals.ts'

/**
 * Runs a plan's commands, tries to delete what they took out of service, and reads back what they
 * touched, all over one connection. Gives the reason why commands were not enough; undefined when
 * HAProxy has what was wanted, and then `known` is up to date.
 */
export async function runPlan(
  context: ApplyContext,
  known: KnownState,
  desired: DesiredState,
  plan: Extract<Plan, { kind: 'runtime' }>,
): Promise<string | undefined> {
  const early = plan.commands.find((command) => {
    const key = /^del server (\S+)$/.exec(command)?.[1]
    return key !== undefined && waitFor(context, desired, key) > 0
  })
  if (early !== undefined) {
    return `"${early}" cannot wait for requests that may be tried again at the server`
  }
  const expectations = [
    expectationOf(plan.commands, known),
    backendExpectationOf(plan.commands),
    fileExpectationOf(plan.commands, desired),
    settingExpectationOf(plan.commands),
  ]
  const waits = new Map(plan.removals.map((key) => [key, waitFor(context, desired, key)]))
  const deletable = plan.removals.filter((key) => waits.get(key) === 0)
  const deletions = deletable.map(deleteCommand)
  const replies = await context.haproxy.execute([
    ...plan.commands,
    ...deletions,
    ...expectations.flatMap(({ questions }) => questions),
  ])
  for (const [index, command] of plan.commands.entries()) {
    const refusal = refusalOf(replies[index] ?? '')
    if (refusal !== undefined) return `HAProxy refused "${showCommand(command)}": ${refusal}`
  }
  const afterCommands = replies.slice(plan.commands.length)
  let read = afterCommands.slice(deletions.length)
  for (const expectation of expectations) {
    const difference = expectation.check(read, plan.removals)
    if (difference !== undefined) return difference
    read = read.slice(expectation.questions.length)
  }
  const before = new Map(plan.removals.map((key) => [key, known.servers.get(key)]))
  for (const expectation of expectations) expectation.update(known)
  if (context.capabilities.keepsOldConnections) context.oldConnections?.after(plan.commands)
  const answers = new Map(deletable.map((key, index) => [key, afterCommands[index] ?? '']))
  for (const key of plan.removals) {
    const server = known.servers.get(key) ?? before.get(key)
    known.servers.delete(key)
    known.backends.delete(key)
    const reply = answers.get(key)
    if (reply !== undefined && isGone(reply)) continue
    if (server === undefined && key.includes('/')) continue
    context.removals.add(key, { server, text: known, notBeforeMs: waits.get(key) ?? 0 })
  }
  return undefined
}

/** How long a server has to wait to be deleted; a backend waits for its servers anyway. */
function waitFor({ capabilities }: ApplyContext, desired: DesiredState, key: string): number {
  const slash = key.indexOf('/')
  if (!capabilities.forgetsRetries || slash === -1) return 0
  return retryingMs(desired, key.slice(0, slash))
}
