import { isDeepStrictEqual } from 'node:util'
import type { Registered, Registration } from './backend.ts'

/** Both would put the same into a registry. */
export function isSameRegistration(a: Registration, b: Registration): boolean {
  return a === b || isDeepStrictEqual(a, b)
}

/**
 * The registry has it as it is wanted, as far as the registry says: it does not say checks. Tags
 * that others may override (`EnableTagOverride`) are not compared.
 */
export function isAsWanted(registered: Registered, wanted: Registration): boolean {
  const isOverridable = wanted.EnableTagOverride === true
  return (
    registered.name === wanted.Name &&
    registered.address === (wanted.Address ?? '') &&
    registered.port === (wanted.Port ?? 0) &&
    registered.enableTagOverride === isOverridable &&
    (isOverridable || isDeepStrictEqual(registered.tags, wanted.Tags ?? [])) &&
    isDeepStrictEqual({ ...registered.meta }, { ...wanted.Meta })
  )
}

/** `a` undefined: it is not known what checks there were. */
export function hasSameChecks(a: Registration | undefined, b: Registration): boolean {
  if (a === undefined) return false
  return isDeepStrictEqual([a.Check, a.Checks], [b.Check, b.Checks])
}

export function hasChecks({ Check, Checks }: Registration): boolean {
  return (Check !== null && Check !== undefined) || (Checks?.length ?? 0) > 0
}
