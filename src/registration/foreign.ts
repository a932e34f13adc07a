import type { Registered, Registration } from './backend.ts'
import { hostAndPort } from './checks.ts'
import { ownerMeta, registratorPrefix } from './owner-meta.ts'

/** Finds who else has registered an address and port in the same registry. */
export type ForeignFinder = (wanted: Registration) => Registered | undefined

/**
 * Looks in one full list. What bears no owner mark, or that of a registrator, is somebody else's,
 * who never gives way: it comes first whoever was first. Of two fairleads with different names the
 * one whose name sorts first keeps it: so exactly one remains, whatever the order. `isOwn`: this very program registered that id.
 */
export function foreignFinder(
  listed: ReadonlyMap<string, Registered>,
  isOwn: (id: string) => boolean,
): ForeignFinder {
  const byPlace = new Map<string, Registered[]>()
  for (const each of listed.values()) {
    if (each.address === '') continue
    const place = hostAndPort(each.address, each.port)
    const others = byPlace.get(place)
    if (others === undefined) byPlace.set(place, [each])
    else others.push(each)
  }
  return (wanted) => {
    const owner = wanted.Meta?.[ownerMeta.owner] ?? ''
    const isTheirs = (each: Registered): boolean => {
      const other = each.meta[ownerMeta.owner]
      if (other === undefined || other.startsWith(registratorPrefix)) return true
      return other < owner && (each.id === wanted.ID || !isOwn(each.id))
    }
    const same = listed.get(wanted.ID)
    if (same !== undefined && isTheirs(same)) return same
    const place = hostAndPort(wanted.Address ?? '', wanted.Port ?? 0)
    return byPlace.get(place)?.find((each) => each.id !== wanted.ID && isTheirs(each))
  }
}

/**
 * Services that bear the mark of one of these owners: `dangling` of a registrar that marks. While
 * `isPlaced` is false, none: containers that run may lack only their address.
 */
export function markedBy(
  owners: ReadonlySet<string>,
  isPlaced: () => boolean = () => true,
): (unwanted: readonly Registered[]) => readonly Registered[] {
  const isOurs = ({ meta }: Registered): boolean => owners.has(meta[ownerMeta.owner] ?? '')
  return (unwanted) => (isPlaced() ? unwanted.filter(isOurs) : [])
}

/** Registrator's form of ids: host, container, port. */
const registrarId = /^[^:]+:[^:]+:\d+(:udp)?$/

/**
 * Whether another program seems to register containers here. While none does, a container is
 * registered without looking first; one that begins to is noticed by the looks that follow.
 */
export function hasOtherRegistrar(listed: ReadonlyMap<string, Registered>): boolean {
  for (const { id, meta } of listed.values()) {
    if (!registrarId.test(id)) continue
    const owner = meta[ownerMeta.owner]
    if (owner === undefined || owner.startsWith(registratorPrefix)) return true
  }
  return false
}
