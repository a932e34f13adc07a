import type { Host } from '../host.ts'
import type { Lab } from '../lab.ts'
import { consulImage } from '../deploy/consul-image.ts'
import { Rollout, type Listener } from '../deploy/rollout.ts'
import { census } from '../deploy/visitor.ts'
import { until } from '../until.ts'

/** The guide on a lab: the first host is its master. */
export type Guide = {
  readonly rollout: Rollout
  readonly lab: Lab
  readonly master: Host
  readonly nodes: readonly Host[]
}

/** What a reset may leave nothing of, on each host. */
export type Traces = readonly {
  readonly host: string
  readonly containers: readonly string[]
  readonly volumes: readonly string[]
  readonly networks: readonly string[]
}[]

/** Made by Docker with a host's first container on an overlay, and kept as long as it is in a swarm. */
const ofSwarm = 'docker_gwbridge'

const visitsEach = 10
/** How far a hostname's share may be from the mean: servers that came meanwhile shift the turn. */
const unevenness = 2

/** The hosts with all that the guide wants of them, in one swarm. */
export async function prepareGuide(
  lab: Lab,
  composeLine: '1.29' | '2',
  listener?: Listener,
): Promise<Guide> {
  const [master, ...nodes] = lab.hosts as readonly [Host, ...Host[]]
  const words = new Map([['192.168.200.1', master.address]])
  const rollout = await Rollout.prepare(lab, {
    folder: 'guide',
    composeLine,
    words,
    ...(listener === undefined ? {} : { listener }),
  })
  await rollout.give('settings', lab.hosts)
  for (const host of lab.hosts) await rollout.run(host, `echo CONSUL_IMAGE=${consulImage} >> .env`)
  await rollout.give('swarm', [master])
  const token = await master.docker('swarm', 'join-token', '--quiet', 'worker')
  await rollout.give('join', nodes, new Map([['TOKEN', token]]))
  return { rollout, lab, master, nodes }
}

/** The hostnames of the web servers that run, by host. */
export async function webServers({ lab }: Guide): Promise<ReadonlyMap<Host, readonly string[]>> {
  const filter = ['--filter', 'ancestor=fairlead-demo', '--format', '{{.ID}}']
  const all = await lab.each(async (host) => {
    const ids = await host.docker('ps', '--quiet', ...filter)
    return [host, words(ids)] as const
  })
  return new Map(all)
}

/**
 * Waits until this many web servers run and all of them answer on port 80 of the master, and then
 * looks whether they answer evenly. Gives how often each hostname did.
 */
export async function untilEven(guide: Guide, count: number): Promise<ReadonlyMap<string, number>> {
  const { address } = guide.master
  await until(
    `${count} web servers, and all of them answer at http://${address}`,
    async () => {
      const running = [...(await webServers(guide)).values()].flat()
      const answering = [...(await census(address, count)).keys()]
      const isSame = running.toSorted().join() === answering.toSorted().join()
      if (running.length === count && isSame) return true
      throw new Error(`${running.length} run, ${answering.length} answer`)
    },
    120_000,
  )
  const counts = await census(address, count * visitsEach)
  const shares = [...counts.values()]
  const isEven = shares.every((share) => Math.abs(share - visitsEach) <= unevenness)
  if (counts.size === count && isEven) return counts
  throw new Error(`${count} web servers answer unevenly: ${shares.join(' ')}`)
}

/** The networks that the container of this Compose service is on. */
export async function networksOf(host: Host, service: string): Promise<readonly string[]> {
  const label = `label=com.docker.compose.service=${service}`
  const id = await host.docker('ps', '--quiet', '--filter', label)
  const format = '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}'
  return words(await host.docker('inspect', '--format', format, id)).toSorted()
}

/** What is there now. */
export function tracesOf({ lab }: Guide): Promise<Traces> {
  return lab.each(async (host) => {
    const list = async (...args: string[]): Promise<readonly string[]> =>
      words(await host.docker(...args)).toSorted()
    return {
      host: host.name,
      containers: await list('ps', '--all', '--format', '{{.Names}}'),
      volumes: await list('volume', 'ls', '--format', '{{.Name}}'),
      networks: (await list('network', 'ls', '--format', '{{.Name}}')).filter(
        (name) => name !== ofSwarm,
      ),
    }
  })
}

/** Waits until nothing is there but what was there before; a swarm forgets its networks by and by. */
export async function untilOnly(guide: Guide, before: Traces): Promise<void> {
  let now: Traces = []
  await until('the reset leaves nothing', async () => {
    now = await tracesOf(guide)
    if (JSON.stringify(now) === JSON.stringify(before)) return true
    throw new Error(`before ${JSON.stringify(before)}, now ${JSON.stringify(now)}`)
  })
}

const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '')
