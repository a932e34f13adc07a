import type { DesiredState } from '../../model/desired-state.ts'
import { firstWord, linesOf, splitSections } from '../config/sections.ts'
import type { SectionText } from '../config/sections.ts'
import { splitWords } from '../config/split-words.ts'
import type { Plan } from '../diff/plan.ts'
import { splitCommand } from '../runtime/words.ts'
import type { ApplyContext } from './context.ts'
import type { KnownState } from './read-back.ts'

/**
 * What must be done, and the running state it is based on.
 *
 * Servers that wait to be deleted do not exist for the plan. One that is wanted again (a container
 * that was restarted) is deleted now, or, while it still has connections, taken back into use: then
 * the plan sees it in maintenance, with the parameters it had. The same goes for backends.
 */
export async function decide(
  context: ApplyContext,
  known: KnownState,
  desired: DesiredState,
): Promise<{ readonly plan: Plan; readonly known: KnownState }> {
  const { removals } = context
  const plan = context.planChanges(known, desired, context.capabilities)
  if (plan.kind === 'none' || removals.lingering.length === 0) return { plan, known }
  const added = new Set(plan.changes.flatMap((change) => change.commands.map(addedBy)))
  const returning = removals.lingering.filter((key) => added.has(key) || added.has(backendOf(key)))
  if (returning.length === 0) return { plan, known }
  await removals.tryNow(returning)
  let { config } = known
  // A backend before its servers, whose lines go into its section.
  for (const key of returning.toReversed()) {
    const lingering = removals.cancel(key)
    if (lingering === undefined) continue
    const { server, text } = lingering
    if (server === undefined) {
      known.backends.set(key, { isPublished: false })
      config = withBackend(config, text.config, key)
    } else {
      known.servers.set(key, server)
      config = withServer(config, text.config, key)
    }
  }
  // With a server in maintenance that no plan has looked at yet.
  const base = { ...known, config, sections: undefined, agreedStates: undefined }
  context.keep(base)
  return { plan: context.planChanges(base, desired, context.capabilities), known: base }
}

/** The server or backend that a command adds. */
function addedBy(command: string): string | undefined {
  return /^add (?:server|backend) /.test(command) ? splitCommand(command)[2] : undefined
}

function backendOf(key: string): string {
  const slash = key.indexOf('/')
  return slash === -1 ? key : key.slice(0, slash)
}

/** The text with a backend that is still there, without its servers, as an older text had it. */
function withBackend(
  config: string | undefined,
  older: string | undefined,
  name: string,
): string | undefined {
  if (config === undefined || older === undefined) return config
  const section = splitSections(older).find((each) => isOf(each, name))
  if (section === undefined) return config
  const lines = linesOf(section).filter(
    ({ text, number }) => firstWord(text, 0, number) !== 'server',
  )
  const end = config.endsWith('\n') ? '' : '\n'
  return `${config}${end}${lines.map(({ text }) => `${text}\n`).join('')}`
}

/** The text with the line of a server that is still there, as an older text had it. */
function withServer(
  config: string | undefined,
  older: string | undefined,
  key: string,
): string | undefined {
  if (config === undefined || older === undefined) return config
  const slash = key.indexOf('/')
  const [backend, server] = [key.slice(0, slash), key.slice(slash + 1)]
  const line = splitSections(older)
    .filter((section) => isOf(section, backend))
    .flatMap(linesOf)
    .find(({ text, number }) => {
      const [keyword, name] = text.includes(server) ? splitWords(text, number) : []
      return keyword === 'server' && name === server
    })
  if (line === undefined) return config
  return splitSections(config)
    .map((section) => {
      const text = section.text.endsWith('\n') ? section.text : `${section.text}\n`
      return isOf(section, backend) ? `${text}${line.text}\n` : section.text
    })
    .join('')
}

function isOf(section: SectionText, name: string): boolean {
  if (section.keyword !== 'backend' && section.keyword !== 'listen') return false
  const end = section.text.indexOf('\n')
  const header = section.text.slice(0, end === -1 ? undefined : end)
  return splitWords(header, section.line)[1] === name
}
