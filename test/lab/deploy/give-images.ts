import { ensureImage } from '../../../scripts/lib/image.mjs'
import type { Lab } from '../lab.ts'

/** Brings fairlead's image and the demo's to all hosts. The first may build them; the others load that. */
export async function giveImages(lab: Lab): Promise<void> {
  const give = ({ dockerSocket }: { readonly dockerSocket: string }) =>
    ensureImage({ dockerHost: `unix://${dockerSocket}` })
  const [first, ...others] = lab.hosts
  if (first !== undefined) await give(first)
  await Promise.all(others.map(give))
}
