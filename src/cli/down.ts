import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { FairleadError } from '../model/errors.ts'
import { systemClock } from '../support/clock.ts'
import { ClientError } from './client.ts'
import type { DaemonClient } from './client.ts'
import type { CliContext } from './context.ts'
import { addDaemonOptions, locate } from './locate.ts'
import type { DaemonOptions, Located } from './locate.ts'

const askAgainMs = 50

export function addDown(program: Command, context: CliContext): void {
  const command = program
    .command('down')
    .summary('end fairlead and its HAProxy gracefully')
    .description(
      'End a fairlead daemon and its HAProxy gracefully: requests under way are served to their ' +
        'end. A HAProxy that goes on without its daemon is ended too. Nothing running is no error.',
    )
    .option('--wait <SECONDS>', 'longest wait for the end', '60')
    .addHelpText('after', '\nExamples:\n  fairlead down\n  fairlead down --name blue')
    .action(async (options: DaemonOptions & { wait: string }) => {
      const waitMs = Math.max(0, Number.parseFloat(options.wait) * 1000 || 0)
      await down(await locate(options, context), waitMs, context)
    })
  addDaemonOptions(command)
}

async function down(located: Located, waitMs: number, context: CliContext): Promise<void> {
  const { client, title } = located
  const pid = await askToEnd(client, located)
  if (pid === undefined) return endOrphan(located, context)
  if (!(await hasEnded(client, pid, waitMs, context))) {
    throw new FairleadError('interrupted', `${title} is still serving requests under way`, {
      hint: 'it ends by itself; ask again with a longer --wait',
    })
  }
  context.out(`fairlead ${title} and its HAProxy have ended\n`)
}

/** The daemon's pid, 0 for one elsewhere; undefined when none is there, as only this machine can know. */
async function askToEnd(
  client: DaemonClient,
  { stateFolder }: Located,
): Promise<number | undefined> {
  try {
    const { pid } = await client.status()
    await client.down()
    return stateFolder === undefined ? 0 : pid
  } catch (error) {
    if (!(error instanceof ClientError) || error.code !== 'daemon_unreachable') throw error
    const isAbsent = /ENOENT|ECONNREFUSED/.test(codeOf(error.cause))
    if (stateFolder === undefined || !isAbsent) throw error
    return undefined
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** No daemon: its HAProxy may still be there, since it outlives a daemon that was killed. */
async function endOrphan({ stateFolder, title }: Located, context: CliContext): Promise<void> {
  const isEnded =
    stateFolder !== undefined && existsSync(stateFolder) && (await context.stopOrphan(stateFolder))
  context.out(
    isEnded
      ? `no daemon ran, but the HAProxy of fairlead ${title} did; it has ended\n`
      : `fairlead ${title} is not running\n`,
  )
}

async function hasEnded(
  client: DaemonClient,
  pid: number,
  waitMs: number,
  context: CliContext,
): Promise<boolean> {
  const deadline = context.now() + waitMs
  while ((await client.isAlive()) || isRunning(pid)) {
    if (context.now() >= deadline) return false
    await systemClock.sleep(askAgainMs)
  }
  return true
}

/** Its API closes first; the process goes on until HAProxy has ended. */
function isRunning(pid: number): boolean {
  if (pid <= 0) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}
