import { classicPrograms, openClassic } from './classic.ts'
import type { OpenFront } from './front.ts'
import { openHandWritten } from './hand-written.ts'
import { missing } from './programs.ts'
import { openTraefik } from './traefik.ts'

/** What fairlead is compared with on this machine, and a word for each that is not there. */
export function comparisons(): { openers: readonly OpenFront[]; notes: readonly string[] } {
  const peers = [
    { name: 'traefik', programs: ['traefik'], open: openTraefik },
    { name: 'the classic stack', programs: classicPrograms, open: openClassic },
  ].map((peer) => ({ ...peer, lacks: missing(peer.programs) }))
  const present = peers.filter(({ lacks }) => lacks.length === 0)
  const absent = peers.filter(({ lacks }) => lacks.length > 0)
  return {
    openers: [openHandWritten, ...present.map(({ open }) => open)],
    notes: absent.map(({ name, lacks }) =>
      name === lacks[0]
        ? `${name}: not on PATH, left out`
        : `${name}: ${lacks.join(', ')} not on PATH, left out`,
    ),
  }
}
