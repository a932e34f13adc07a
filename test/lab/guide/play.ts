import type { Host } from '../host.ts'
import { visit } from '../deploy/visitor.ts'
import { until } from '../until.ts'
import { tracesOf, untilOnly, type Traces } from '../deploy/traces.ts'
import { networksOf, untilEven, webServers } from '../deploy/web-servers.ts'
import type { Guide } from './guide.ts'

const projects = '-p infrastructure -f loadbalancing-infrastructure.yml'
const nodeProject = '-p infrastructure -f loadbalancing-node.yml'
const applications = '-p apps -f loadbalancing-applications.yml'

/** One step of the guide, and what is to be seen after it. Throws where that is not so. */
export type Step = {
  readonly name: string
  /** Gives what came of it, in a line. */
  readonly play: (guide: Guide) => Promise<string>
}

/** The steps of the README in its order, to the end where nothing is left. */
export function guideSteps(): readonly Step[] {
  return fromUpToDown({
    up: ['the infrastructure comes up', 'infrastructure'],
    between: [
      { name: 'what the user sees', play: look },
      { name: '30 web servers on one host', play: scaledTo(30) },
      { name: 'the swarm spreads them', play: letSwarmSpread },
    ],
    down: ['reset by down', (guide) => takeDown(guide, 'infrastructure-down')],
  })
}

/** The guide's own template, reset by the guide's own commands. */
export function templateSteps(): readonly Step[] {
  return fromUpToDown({
    up: ["the infrastructure with the guide's own template", 'template'],
    between: [{ name: 'the page of statistics', play: lookAtStatistics }],
    down: ["reset by the guide's kill and rm", killAndRemove],
  })
}

/** Each classic role in a container of its own. */
export function classicSteps(): readonly Step[] {
  return fromUpToDown({
    up: ['the classic parts come up', 'classic'],
    between: [
      { name: 'the page of statistics', play: lookAtStatistics },
      { name: 'one more, and one less', play: scaledTo(4) },
    ],
    down: ['reset by down', (guide) => takeDown(guide, 'classic-down')],
  })
}

/** All steps of one way to set it up: from a block of the README, to the end where nothing is left. */
function fromUpToDown(options: {
  /** The step's name, and the block. */
  readonly up: readonly [name: string, block: string]
  readonly between: readonly Step[]
  readonly down: readonly [name: string, reset: (guide: Guide) => Promise<void>]
}): readonly Step[] {
  const [upName, block] = options.up
  const [downName, reset] = options.down
  let before: Traces = []
  return [
    {
      name: upName,
      async play(guide) {
        before = await tracesOf(guide.lab)
        return bringUp(guide, block)
      },
    },
    { name: 'web servers on every host', play: startWebServers },
    ...options.between,
    {
      name: downName,
      async play(guide) {
        await reset(guide)
        await untilOnly(guide.lab, before)
        return 'nothing is left: no container, volume or network'
      },
    },
  ]
}

async function bringUp({ rollout, master, nodes }: Guide, block: string): Promise<string> {
  await rollout.give('network', [master])
  await rollout.give(block, [master])
  await rollout.give('agents', nodes)
  return `up on ${master.name}, an agent on ${nodes.map(({ name }) => name).join(' and ')}`
}

async function startWebServers(guide: Guide): Promise<string> {
  await guide.rollout.give('applications', guide.lab.hosts)
  return untilSeen(guide, 3 * guide.lab.hosts.length)
}

async function untilSeen(guide: Guide, count: number): Promise<string> {
  const shares = [...(await untilEven(guide.lab, guide.master.address, count)).values()]
  const where = [...(await webServers(guide.lab))]
  const spread = where.map(([host, names]) => `${names.length} on ${host.name}`).join(', ')
  const [least, most] = [Math.min(...shares), Math.max(...shares)]
  return `${count} hostnames answer: ${spread}; each ${least} to ${most} of ${10 * count} times`
}

async function look(guide: Guide): Promise<string> {
  const { rollout, master } = guide
  await rollout.give('look', [master])
  const networks = await networksOf(master, 'haproxy')
  expectEqual("networks of HAProxy's container", networks, ['apps', 'infrastructure_default'])
  return `HAProxy's container is on ${networks.join(' and ')}`
}

/** Scales the web servers of the last host to so many, and back. */
const scaledTo =
  (most: number) =>
  async (guide: Guide): Promise<string> => {
    const { rollout, lab } = guide
    const last = lab.hosts.at(-1) as Host
    const scale = (count: number) =>
      rollout.run(last, `docker compose ${applications} up -d --scale demo-hostname=${count}`)
    await scale(most)
    const seen = await untilSeen(guide, most + 3 * (lab.hosts.length - 1))
    await scale(3)
    await untilEven(guide.lab, guide.master.address, 3 * lab.hosts.length)
    return seen
  }

async function letSwarmSpread(guide: Guide): Promise<string> {
  const { rollout, lab, master } = guide
  await rollout.give('service', [master])
  const seen = await untilSeen(guide, 9 + 3 * lab.hosts.length)
  await rollout.give('service-down', [master])
  await untilEven(guide.lab, guide.master.address, 3 * lab.hosts.length)
  return seen
}

async function lookAtStatistics({ master }: Guide): Promise<string> {
  const ask = async (auth?: string): Promise<number> => {
    const options = auth === undefined ? { port: 8080 } : { port: 8080, auth }
    return (await visit(master.address, options)).status
  }
  await until('the page of statistics answers', async () => (await ask()) > 0)
  const statuses = [await ask('haproxy:clusterlab'), await ask('haproxy:wrong'), await ask()]
  expectEqual('statuses with the password, a wrong one and none', statuses, [200, 401, 401])
  return 'the page of statistics: 200 with the password, 401 with another and without'
}

async function takeDown({ rollout, lab, master, nodes }: Guide, block: string): Promise<void> {
  await rollout.give('applications-down', lab.hosts)
  await rollout.give('agents-down', nodes)
  await rollout.give(block, [master])
  await rollout.give('network-down', [master])
}

/** The guide's: kill and rm of both projects; then what Compose keeps, as the README says. */
async function killAndRemove(guide: Guide): Promise<void> {
  const { rollout, lab, master, nodes } = guide
  const template = `${projects} -f loadbalancing-template.yml`
  const give = async (host: Host, project: string): Promise<void> => {
    await rollout.run(host, `docker compose ${project} kill`)
    await rollout.run(host, `docker compose ${project} rm -f -v`)
  }
  for (const host of lab.hosts) await give(host, applications)
  for (const host of nodes) await give(host, nodeProject)
  await give(master, template)
  await rollout.run(master, `docker compose ${template} down -v`)
  await rollout.give('network-down', [master])
}

function expectEqual(what: string, found: unknown, wanted: unknown): void {
  if (JSON.stringify(found) === JSON.stringify(wanted)) return
  throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`)
}
