import type { Registration } from './backend.ts'
import { healthCheckId } from './endpoint-to-registration.ts'

/** Ids of the checks that come with a registration. */
export type OwnCheckIds = {
  /** Those that it makes. */
  readonly present: ReadonlySet<string>
  /** Whether any registration of this service could have made it. */
  isOwn(checkId: string): boolean
}

/** Consul names a check without id `service:<id>`, of several `service:<id>:<n>`, n from 1. */
export function ownCheckIds({ ID, Check, Checks }: Registration): OwnCheckIds {
  const checks = [...(Checks ?? []), ...(Check === null || Check === undefined ? [] : [Check])]
  const present = checks.map(
    ({ CheckID }, at) =>
      CheckID ?? (checks.length > 1 ? `service:${ID}:${at + 1}` : `service:${ID}`),
  )
  return {
    present: new Set(present),
    isOwn: (checkId) => {
      if (checkId === `service:${ID}` || checkId === healthCheckId(ID)) return true
      const number = checkId.startsWith(`service:${ID}:`) && checkId.slice(`service:${ID}:`.length)
      return number !== false && /^\d+$/.test(number)
    },
  }
}
