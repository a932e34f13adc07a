import type { DesiredState } from '../../model/desired-state.ts'
import { linesOf, splitSections } from '../config/sections.ts'
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
 * the plan sees it in maintenance, with the parameters it had.
 */
export async function decide(
  context: ApplyContext,
  known: KnownState,
  desired: DesiredState,
): Promise<{ readonly plan: Plan; readonly known: KnownState }> {
  const { removals } = context
  const plan = context.planChanges(known, desired, context.capabilities)
  if (plan.kind === 'none' || removals.lingering.length === 0) return { plan, known }
  const returning = plan.changes
    .flatMap((change) => change.commands.map(addedServer))
    .filter((key) => key !== undefined && removals.has(key))
    .filter((key) => key !== undefined)
  if (returning.length === 0) return { plan, known }
  await removals.tryNow(returning)
  let { config } = known
  for (const key of returning) {
    const lingering = removals.cancel(key)
    if (lingering === undefined) continue
    known.servers.set(key, lingering.server)
    config = withServer(config, lingering.text.config, key)
  }
  // With a server in maintenance that no plan has looked at yet.
  const base = { ...known, config, sections: undefined, agreedStates: undefined }
  context.keep(base)
  return { plan: context.planChanges(base, desired, context.capabilities), known: base }
}

function addedServer(command: string): string | undefined {
  return command.startsWith('add server ') ? splitCommand(command)[2] : undefined
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
