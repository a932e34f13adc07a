import { capabilitiesOf } from '../haproxy/capabilities.ts'
import type { RunningServer } from '../haproxy/control.ts'
import { layOut, hasServers } from '../haproxy/diff/layout.ts'
import { planChanges } from '../haproxy/diff/plan-changes.ts'
import { parseServerLine } from '../haproxy/diff/server-line.ts'
import { linesWith, firstWord } from '../haproxy/config/sections.ts'
import type { DesiredState } from '../model/desired-state.ts'
import { unifiedDiff } from './unified-diff.ts'

/** A version that can do the most at runtime: what a difference means, not how it would be made. */
const capabilities = capabilitiesOf('3.2.0')

/**
 * What it means to go from one desired state to another, one line each: `backend app: + server …`.
 * Throws ConfigSyntaxError.
 */
export function changesBetween(from: DesiredState, to: DesiredState): readonly string[] {
  const base = {
    config: from.config,
    ...(from.sections === undefined ? {} : { sections: from.sections }),
    files: from.files,
    servers: serversOf(from),
  }
  const plan = planChanges(base, to, capabilities)
  const gone = [...from.files.keys()].filter((path) => !to.files.has(path))
  const reasons = plan.kind === 'reload' ? plan.reasons.map(({ text }) => text) : []
  const changes = plan.changes.map(({ summary }) => summary)
  return [...new Set([...reasons, ...changes, ...gone.map((path) => `file ${path} was removed`)])]
}

/** The servers of a state as a HAProxy that has it shows them. */
export function serversOf(state: DesiredState): ReadonlyMap<string, RunningServer> {
  const servers = new Map<string, RunningServer>()
  for (const section of layOut(state).sections.values()) {
    if (!hasServers(section)) continue
    for (const line of linesWith(section, 'server ')) {
      if (firstWord(line.text, 0, line.number) !== 'server') continue
      const { name, address, params, isDisabled } = parseServerLine(line)
      const key = `${section.name}/${name}`
      const weight = Number(params[params.indexOf('weight') + 1] ?? 1)
      const admin = state.servers.get(key) ?? 'ready'
      servers.set(key, {
        backend: section.name,
        name,
        ...placeOf(address),
        weight: params.includes('weight') ? weight : 1,
        admin: isDisabled && admin === 'ready' ? 'maint' : admin,
        operational: 'running',
      })
    }
  }
  return servers
}

function placeOf(written: string): { address: string; port: number } {
  const match = /^(?:\[(.*)\]|(.*)):(\d+)$/.exec(written)
  if (match === null) return { address: written, port: 0 }
  return { address: match[1] ?? match[2] ?? '', port: Number(match[3]) }
}

/** Text and files of both as a unified diff; empty where they are the same. */
export function textBetween(
  from: { readonly name: string; readonly state: DesiredState },
  to: { readonly name: string; readonly state: DesiredState },
): string {
  const paths = [...new Set([...from.state.files.keys(), ...to.state.files.keys()])].toSorted()
  const states = [from.state, to.state].map(({ servers }) =>
    [...servers]
      .map(([key, state]) => `${key} ${state}\n`)
      .toSorted()
      .join(''),
  )
  const parts = [
    { what: 'haproxy.cfg', before: from.state.config, after: to.state.config },
    ...paths.map((path) => ({
      what: path,
      before: shown(from.state.files.get(path)),
      after: shown(to.state.files.get(path)),
    })),
    { what: 'server states', before: states[0] ?? '', after: states[1] ?? '' },
  ]
  return parts
    .filter(({ before, after }) => before !== after)
    .map(({ what, before, after }) => {
      const heads = `--- ${from.name} ${what}\n+++ ${to.name} ${what}\n`
      return heads + unifiedDiff(before, after)
    })
    .join('')
}

/** A digest stands for a file with a private key. */
function shown(content: string | undefined): string {
  return (content ?? '').replaceAll('\0', '')
}
