import * as fc from 'fast-check'
import type { AdminState, DesiredState } from '../src/model/desired-state.ts'
import { capabilitiesOf } from '../src/haproxy/capabilities.ts'
import { isSameMeaning } from '../src/haproxy/config/meaning.ts'
import { parseConfig, readHeader } from '../src/haproxy/config/parse.ts'
import type { Config } from '../src/haproxy/config/parse.ts'
import { resolveConditions } from '../src/haproxy/config/resolve-conditions.ts'
import { firstWord, linesOf, splitSections } from '../src/haproxy/config/sections.ts'
import type { SectionText } from '../src/haproxy/config/sections.ts'
import { splitWords } from '../src/haproxy/config/split-words.ts'
import type { RunningServer } from '../src/haproxy/control.ts'
import { planChanges } from '../src/haproxy/diff/plan-changes.ts'
import type { Plan } from '../src/haproxy/diff/plan.ts'
import { modelOf, readBack, remove, run } from '../test/support/diff-interpreter.ts'
import type { Model } from '../test/support/diff-interpreter.ts'
import { serverContent, sharedSettings, stateOf } from '../test/support/diff-states.ts'
import { unlessRefused } from './config-targets.ts'
import { anyConfig, anyText, mutate } from './generate.ts'
import type { Random } from './random.ts'
import { expectEqual, Violation } from './target.ts'
import type { Input, Target } from './target.ts'

const versions = ['2.6.12', '3.0.11', '3.4.7'] as const

/** Any two texts and map files, any read-back: a plan, or the wanted text cannot be read. */
const texts: Target = {
  name: 'plan-texts',
  generate: (random) => {
    const from = anyConfig(random)
    const to = random.below(4) === 0 ? anyConfig(random) : mutate(random, from, 1 + random.below(3))
    const before = anyText(random, 12)
    // Mostly nothing differs but the text, so that nothing else explains a plan.
    const isQuiet = random.below(3) > 0
    const after = isQuiet ? before : anyText(random, 12)
    const readBack = readBackOf(random)
    return { from, to, before, after, ...readBack, ...(isQuiet ? { running: asText } : {}) }
  },
  check: (input) => {
    const { from = '', to = '', before = '', after = '', version = '' } = input
    const base = { config: from, files: mapFile(before), servers: serversOf(input, from) }
    const desired = { config: to, files: mapFile(after), servers: new Map() }
    const plan = unlessRefused(() => planChanges(base, desired, capabilitiesOf(version)))
    if (plan !== undefined) {
      checkForm(plan)
      if (plan.kind === 'none') checkSettings(from, to, version)
      return
    }
    if (unlessRefused(() => parseConfig(to)) === undefined) return
    throw new Violation('a wanted text that can be read was refused')
  },
}

/** A text and the same with blank lines and comments: the same is planned as for the text itself. */
const writings: Target = {
  name: 'plan-writings',
  generate: (random) => ({ text: anyConfig(random), ...readBackOf(random) }),
  check: (input) => {
    const { text = '', version = '' } = input
    const config = unlessRefused(() => parseConfig(text))
    if (config === undefined || hasNamesTwice(config)) return
    const rewritten = `# x\n${text.replaceAll('\n', '\n\t\n # z\n')}`
    const base = { config: text, files: new Map(), servers: serversOf(input, text) }
    const kinds = [text, rewritten].map((config) => {
      const desired = { config, files: new Map(), servers: new Map() }
      return planChanges(base, desired, capabilitiesOf(version)).kind
    })
    expectEqual(isSameMeaning(text, rewritten), true, 'the same in another writing')
    expectEqual(kinds[1], kinds[0], 'the kind of plan for another writing')
  },
}

/** Servers and map entries that come, go and change: the plan leads from the one to the other. */
const states: Target = {
  name: 'plan-states',
  generate: (random) => ({ seed: String(random.below(2 ** 31)), version: random.pick(versions) }),
  check: ({ seed = '', version = '' }) => {
    const [from, to] = statesOf(Number(seed))
    const model = modelOf(from)
    const plan = planFrom(model, from, to, version)
    checkForm(plan)
    if (plan.kind === 'reload') throw new Violation(`a reload: ${plan.reasons[0]?.text ?? ''}`)
    if (plan.kind === 'runtime') {
      for (const command of plan.commands) run(model, command)
      for (const id of plan.removals) remove(model, id)
    }
    expectEqual(plainOf(model), plainOf(modelOf(to)), 'where the commands lead')
    expectEqual(planFrom(model, to, to, version).kind, 'none', 'the plan afterwards')
  },
}

export const diffTargets = [texts, writings, states] as const

function checkForm(plan: Plan): void {
  const isEmpty = plan.changes.length === 0
  if (plan.kind === 'none') expectEqual(isEmpty, true, 'changes of no plan')
  if (plan.kind === 'runtime') expectEqual(isEmpty, false, 'a plan without changes')
  if (plan.kind === 'reload' && plan.reasons.length === 0) throw new Violation('no reason')
  const commands = plan.kind === 'runtime' ? plan.commands : []
  const wrong = commands.find((command) => /[\n\r\0]/.test(command))
  if (wrong !== undefined) throw new Violation(`a command of more than a line: ${wrong}`)
}

/** HAProxy refuses two proxies of a name, and two servers of a name in one. */
function hasNamesTwice({ sections }: Config): boolean {
  const proxies = sections.filter(({ keyword }) => keyword === 'backend' || keyword === 'listen')
  const names = proxies.flatMap(({ name, lines }) => {
    const servers = lines.filter(({ words: [keyword] }) => keyword === 'server')
    return [name, ...servers.map(({ words }) => `${name}/${words[1] ?? ''}`)]
  })
  return new Set(names).size < names.length
}

/**
 * Where nothing is planned, all means the same but server lines, and named `defaults` that are in one
 * of the texts: nothing can take its settings from them, or it would have other settings now.
 */
function checkSettings(from: string, to: string, version: string): void {
  const both = unlessRefused(() =>
    [from, to].map((text) => splitSections(resolveConditions(text, { version }))),
  )
  const [before, after] = both ?? []
  if (before === undefined || after === undefined) return
  const isSame = unlessRefused(() =>
    isSameMeaning(settingsOf(before, after), settingsOf(after, before)),
  )
  if (isSame !== undefined) expectEqual(isSame, true, 'the same settings where nothing is planned')
}

function settingsOf(sections: readonly SectionText[], others: readonly SectionText[]): string {
  const left = others.map(profileOf)
  const kept = sections.filter((section) => {
    const profile = profileOf(section)
    if (profile === '') return true
    const index = left.indexOf(profile)
    if (index !== -1) left.splice(index, 1)
    return index !== -1
  })
  return kept.map(withoutServers).join('')
}

/** The name of named `defaults`; empty for other sections. */
function profileOf(section: SectionText): string {
  const [header] = linesOf(section)
  if (section.keyword !== 'defaults' || header === undefined) return ''
  return readHeader(splitWords(header.text, header.number)).name
}

function withoutServers(section: SectionText): string {
  const isBackend = section.keyword === 'backend' || section.keyword === 'listen'
  const lines = linesOf(section).filter((line) => {
    return !isBackend || firstWord(line.text, 0, line.number) !== 'server'
  })
  return lines.map((line) => `${line.text}\n`).join('')
}

function planFrom(model: Model, from: DesiredState, to: DesiredState, version: string): Plan {
  const base = { config: from.config, files: from.files, servers: readBack(model) }
  return planChanges(base, to, capabilitiesOf(version))
}

function statesOf(seed: number): [DesiredState, DesiredState] {
  const both = fc.tuple(sharedSettings, serverContent, serverContent)
  const [sample] = fc.sample(both, { seed, numRuns: 1 })
  if (sample === undefined) throw new Error('nothing was generated')
  const [shared, from, to] = sample
  return [stateOf(shared, from), stateOf(shared, to)]
}

function plainOf(model: Model): unknown {
  const maps = [...model.maps].map(([path, map]) => [path, Object.fromEntries(map)])
  return { servers: Object.fromEntries(model.servers), maps: Object.fromEntries(maps) as unknown }
}

function mapFile(content: string): Map<string, string> {
  return new Map([['/maps/hosts.map', content]])
}

function readBackOf(random: Random): Input {
  const names = ['app/a', 'app/b', 'both/s', 'pool/web1', 'pool/late', 'x/a', 'app/odd'] as const
  const lines = Array.from({ length: random.below(6) }, () => {
    const address = random.pick(['10.0.0.1', '10.0.0.2', 'fd00::1', ''])
    const admin = random.pick(['ready', 'ready', 'drain', 'maint'])
    return `${random.pick(names)} ${address} ${random.pick([80, 8080])} ${random.below(4)} ${admin}`
  })
  return { running: lines.join('\n'), version: random.pick(versions) }
}

/** Stands for a read-back of just what the running text says. */
const asText = 'as in the text'

function serversOf({ running = '' }: Input, config: string): Map<string, RunningServer> {
  const servers = new Map<string, RunningServer>()
  if (running === asText) {
    const state = { config, files: new Map(), servers: new Map() }
    return unlessRefused(() => readBack(modelOf(state))) ?? servers
  }
  for (const line of running.split('\n')) {
    const [id = '', address = '', port, weight, admin = 'ready'] = line.split(' ')
    const [backend = '', name = ''] = id.split('/')
    if (name === '') continue
    const numbers = { port: Number(port), weight: Number(weight) }
    const states = { admin: admin as AdminState, operational: 'running' } as const
    servers.set(id, { backend, name, address, ...numbers, ...states })
  }
  return servers
}
