import { homedir } from 'node:os'
import { join } from 'node:path'
import type { CliContext } from './cli/context.ts'
import { consulTemplateArguments, runAsConsulTemplate } from './cli/as-consul-template.ts'
import { registratorArguments, runAsRegistrator } from './cli/as-registrator.ts'

// Output into `head` or a closed pager ends quietly. The daemon goes on without a reader of its log.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  if (process.argv[2] !== 'up') process.exit(0)
})

/** How long requests under way may take when a HAProxy without its daemon is ended. */
const orphanGraceMs = 10_000

const isTerminal = process.stdout.isTTY
const { NO_COLOR, TERM } = process.env

const context: CliContext = {
  environment: process.env,
  isRoot: process.getuid?.() === 0,
  homeFolder: homedir(),
  isTerminal,
  cwd: process.cwd(),
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  get columns() {
    // Some terminals do not know their size and say 0.
    return isTerminal ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY
  },
  get rows() {
    return isTerminal ? process.stdout.rows || 24 : Number.POSITIVE_INFINITY
  },
  hasColour: isTerminal && (NO_COLOR ?? '') === '' && TERM !== 'dumb',
  now: () => Date.now(),
  untilInterrupted: () => {
    const interrupted = new AbortController()
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.once(name, () => interrupted.abort())
    }
    return interrupted.signal
  },
  // Loaded only here: the other commands need none of it, and start the faster.
  runDaemon: async (settings) => (await import('./daemon.ts')).runDaemon(settings),
  stopOrphan: async (stateFolder) => {
    const { stopOrphan } = await import('./haproxy/process/stop-orphan.ts')
    const record = join(stateFolder, 'running.json')
    const masterSocket = join(stateFolder, 'master.sock')
    return stopOrphan({ record, masterSocket }, orphanGraceMs)
  },
}

process.exitCode = await runCommandLine()

/** The stand-ins read their own flags, and need none of the commands: those are loaded for others. */
async function runCommandLine(): Promise<number> {
  const template = consulTemplateArguments(process.argv)
  if (template !== undefined) return runAsConsulTemplate(template, context)
  const registrator = registratorArguments(process.argv)
  if (registrator !== undefined) return runAsRegistrator(registrator, context)
  return (await import('./cli/program.ts')).run(process.argv.slice(2), context)
}
