import { readMetadata } from '../discovery/docker/metadata.ts'
import type { MetadataSource } from '../discovery/docker/metadata.ts'
import type { FilterOptions } from './mapping-options.ts'

/** Attribute by which a container asks to be registered (`-opt-in`). */
export const registerAttribute = 'register'

/** Why a container is not looked at; empty: it is. */
export function filterReason(name: string, source: MetadataSource, filters: FilterOptions): string {
  const { isOptIn, onlyLabels, ignoredLabels, onlyNames, ignoredNames } = filters
  const hasLabel = (wanted: string): boolean => matchesLabel(source.labels, wanted)
  const isCalled = (pattern: string): boolean => patternOf(pattern).test(name)
  if (isOptIn && !isOn(readMetadata(source, 0).values.get(registerAttribute))) {
    return 'does not ask for it (SERVICE_REGISTER)'
  }
  if (onlyLabels.length > 0 && !onlyLabels.some(hasLabel)) return 'none of the wanted labels'
  const ignoredLabel = ignoredLabels.find(hasLabel)
  if (ignoredLabel !== undefined) return `label ${ignoredLabel}`
  if (onlyNames.length > 0 && !onlyNames.some(isCalled)) return 'none of the wanted names'
  const ignoredName = ignoredNames.find(isCalled)
  return ignoredName === undefined ? '' : `name ${ignoredName}`
}

/** Whether an attribute that switches something is given and does not say no. */
export function isOn(value: string | undefined): boolean {
  return !['', '0', 'false', 'no', 'off'].includes((value ?? '').trim().toLowerCase())
}

function matchesLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf('=')
  const key = equals === -1 ? wanted : wanted.slice(0, equals)
  if (!Object.hasOwn(labels, key)) return false
  return equals === -1 || labels[key] === wanted.slice(equals + 1)
}

function patternOf(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[\\^$.|+()[\]{}]/g, String.raw`\$&`)
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's')
}
