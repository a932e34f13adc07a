import type { Host } from '../host.ts'
import type { Lab } from '../lab.ts'
import { until } from '../until.ts'
import { census } from './visitor.ts'
import { words } from './words.ts'

const visitsEach = 10
/** How far a hostname's share may be from the mean: servers that came meanwhile shift the turn. */
const unevenness = 2

/** The hostnames of the web servers that run, by host. */
export async function webServers(lab: Lab): Promise<ReadonlyMap<Host, readonly string[]>> {
  const filters = encodeURIComponent(JSON.stringify({ ancestor: ['fairlead-demo'] }))
  const all = await lab.each(async (host) => {
    const running = await host.dockerApi.get<readonly { readonly Id: string }[]>(
      `/containers/json?filters=${filters}`,
    )
    return [host, running.map(({ Id }) => Id.slice(0, 12))] as const
  })
  return new Map(all)
}

/**
 * Waits until this many web servers run and all of them answer on port 80 of this host, and then
 * until they answer evenly. Gives how often each hostname did.
 */
export async function untilEven(
  lab: Lab,
  address: string,
  count: number,
): Promise<ReadonlyMap<string, number>> {
  await until(
    `${count} web servers, and all of them answer at http://${address}`,
    async () => {
      const running = [...(await webServers(lab)).values()].flat()
      const answering = [...(await census(address, count)).keys()]
      const isSame = running.toSorted().join() === answering.toSorted().join()
      if (running.length === count && isSame) return true
      throw new Error(`${running.length} run, ${answering.length} answer`)
    },
    120_000,
  )
  let counts: ReadonlyMap<string, number> = new Map()
  // Where one has only just become ready, its turn comes a little later than that of the others.
  await until(`${count} web servers answer evenly`, async () => {
    counts = await census(address, count * visitsEach)
    const shares = [...counts.values()]
    const isEven = shares.every((share) => Math.abs(share - visitsEach) <= unevenness)
    if (counts.size === count && isEven) return true
    throw new Error(`their shares are ${shares.join(' ')}`)
  })
  return counts
}

/** The networks that the container of this Compose service is on. */
export async function networksOf(host: Host, service: string): Promise<readonly string[]> {
  const label = `label=com.docker.compose.service=${service}`
  const id = await host.docker('ps', '--quiet', '--filter', label)
  const format = '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}'
  return words(await host.docker('inspect', '--format', format, id)).toSorted()
}
