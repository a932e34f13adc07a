import { offeredPorts } from '../discovery/docker/ports.ts'
import { shown, shownName } from '../routing/label-values.ts'
import { labelKeys } from '../routing/labels.ts'
import { nearest } from '../support/nearest.ts'
import type { Assessed } from './assess.ts'
import type { Finding, Located } from './tree.ts'

const word = 'fairlead'
/** Registrator's keys that name a service; others become its meta. */
const namingKeys = ['id', 'name', 'tags', 'ignore']

/** Labels and variables that look as if they were meant for fairlead, and that nothing reads. */
export function labelNameFindings({ service, inspects, ports }: Assessed): readonly Finding[] {
  const findings: Finding[] = []
  const complain = (
    level: Finding['level'],
    { at }: Located,
    name: string,
    what: string,
    hint: string,
  ): void => {
    findings.push({ level, at, where: `${service.name}, ${name}`, what, hint })
  }
  const offered = inspects.flatMap((inspect) => offeredPorts(inspect, undefined))
  const known = ports === 'said' ? [...new Set(offered.map(({ port }) => port))] : []
  for (const [name, place] of service.labels) {
    const meant = labelMeant(name)
    if (meant !== undefined) {
      const what = 'nothing reads this label'
      complain('error', place, `label ${shownName(name)}`, what, `did you mean ${meant}?`)
    }
  }
  for (const [name, place] of [...service.labels, ...service.environment]) {
    const kind = service.labels.get(name) === place ? 'label' : 'variable'
    const title = `${kind} ${shownName(name)}`
    const meant = attributeMeant(name)
    if (meant !== undefined) {
      complain('warning', place, title, 'it is kept as meta only', `did you mean ${meant}?`)
    }
    const port = /^SERVICE_(\d{1,5})_./.exec(name)?.[1]
    if (port === undefined || known.length === 0 || known.includes(Number(port))) continue
    const what = `it is about port ${port}, which the file neither exposes nor publishes`
    complain('warning', place, title, what, `the file has ${known.join(', ')}`)
  }
  for (const [name, place] of service.deployLabels) {
    if (!/^fairlead\.|^SERVICE_/i.test(name)) continue
    const what = "a label under deploy is on Swarm's service, not on containers: nothing reads it"
    complain('warning', place, `label ${shownName(name)}`, what, 'move it to labels of the service')
  }
  return findings
}

/** `fairlead_host`, `fairled.host`, `service_fairlead_host`: the right name; undefined for others. */
function labelMeant(name: string): string | undefined {
  const [, prefix = '', separator, rest = ''] = /^([A-Za-z]+)([._:/-])(.+)$/.exec(name) ?? []
  const lower = prefix.toLowerCase()
  if (lower === 'service' && prefix !== 'SERVICE') {
    const isKnown = /^(\d+_)?fairlead_/i.test(rest) || namingKeys.includes(rest.toLowerCase())
    return isKnown ? `SERVICE_${rest.toUpperCase()}` : undefined
  }
  if (lower === word && separator === '.') return undefined
  const key = nearest(rest.toLowerCase(), labelKeys)
  return key !== undefined && nearest(lower, [word]) !== undefined ? `${word}.${key}` : undefined
}

/** `SERVICE_NMAE`, `SERVICE_80_FAIRLAED_HOST`: the right name; undefined for others. */
function attributeMeant(name: string): string | undefined {
  const [, port = '', rest = ''] = /^SERVICE_(\d+_)?(.+)$/s.exec(name) ?? []
  const key = rest.toLowerCase()
  if (key === '' || namingKeys.includes(key)) return undefined
  const prefix = key.slice(0, key.indexOf('_'))
  if (key.includes('_') && prefix !== word && nearest(prefix, [word]) !== undefined) {
    const meant = nearest(key.slice(prefix.length + 1), labelKeys)
    if (meant !== undefined) return `SERVICE_${port}FAIRLEAD_${meant.toUpperCase()}`
  }
  const meant = key.length > 2 ? nearest(key, ['name', 'tags', 'ignore']) : undefined
  return meant === undefined ? undefined : `SERVICE_${port}${meant.toUpperCase()}`
}

/** What becomes of one `SERVICE_*` label or variable. */
export type AttributeUse = {
  /** Compose's service. */
  readonly container: string
  readonly name: string
  /**
   * `name`: names the service, its id or its tags. `ignore`: leaves out containers or ports.
   * `route`: a label of fairlead's. `check`: a check that is registered in Consul
   * (`--registry consul://…`), and nothing else. `meta`: the service's meta, which routes nothing.
   */
  readonly use: 'name' | 'ignore' | 'route' | 'check' | 'meta'
}

/** Registrator's metadata of a service, and what each is used for. */
export function attributeUses({ service }: Assessed): readonly AttributeUse[] {
  const names = [...service.labels.keys(), ...service.environment.keys()]
  return names.flatMap((name): readonly AttributeUse[] => {
    const key = /^SERVICE_(?:[+-]?\d+_)?(.+)$/s.exec(name)?.[1]?.toLowerCase()
    return key === undefined ? [] : [{ container: service.name, name, use: useOf(key) }]
  })
}

function useOf(key: string): AttributeUse['use'] {
  if (key === 'ignore') return 'ignore'
  if (namingKeys.includes(key)) return 'name'
  if (key.startsWith(`${word}_`)) return 'route'
  return key.startsWith('check_') ? 'check' : 'meta'
}

/**
 * Two services of Compose that are one service to fairlead because they have one image, which
 * nobody said: each gets requests that are meant for the other.
 */
export function sharedServices(services: readonly Assessed[]): readonly Finding[] {
  const first = new Map<string, Assessed>()
  const findings: Finding[] = []
  for (const assessed of services) {
    const { service, candidates } = assessed
    const names = new Set(
      candidates.flatMap(({ endpoints }) => endpoints.map((each) => each.service)),
    )
    for (const name of names) {
      const other = first.get(name)
      if (other === undefined) first.set(name, assessed)
      else if (!assessed.isWanted || !other.isWanted || isNamed(assessed) || isNamed(other))
        continue
      else {
        findings.push({
          level: 'warning',
          at: service.keys.get('image') ?? service.at,
          where: service.name,
          what: `it is service ${shown(name)} by its image, as ${other.service.name} is: they share all requests`,
          hint: 'name it with the label SERVICE_NAME',
        })
      }
    }
  }
  return findings
}

function isNamed({ service }: Assessed): boolean {
  const names = [...service.labels.keys(), ...service.environment.keys()]
  return names.some((name) => /^SERVICE_(\d+_)?NAME$/i.test(name))
}
