import { consulOptions } from '../src/consul/address.ts'
import { ConsulClient } from '../src/consul/client.ts'
import { systemClock } from '../src/support/clock.ts'
import type { Dependency } from '../src/template/dependency.ts'
import { parseHealthQuery } from '../src/template/functions/queries.ts'
import { ConsulSource } from '../src/template/watch/consul-source.ts'
import { pause, settleMs } from './at-rest.ts'
import type { Outcome, Row } from './report.ts'
import { Catalogue } from './stage/catalogue.ts'
import { openConsul } from './stage/consul.ts'
import { until } from './stage/stage.ts'
import type { Stage } from './stage/stage.ts'
import { summary } from './statistics.ts'

const size = { services: 1000, endpointsPerService: 2, nodes: 20 }
const templates = 20
const changes = 20
/** What templates want of a service; each template another one. */
const wishes = ['NAME', 'NAME|any', 'NAME|passing,warning', 'blue.NAME', 'blue.NAME|any']

/** What one change took: requests to Consul, and from before Consul was told to the event. */
type Change = { readonly requests: number; readonly toldToKnownMs: number }

/** Twenty templates that use 1,000 services of a real Consul: what following them costs it. */
export async function templateWatch(stage: Stage): Promise<Outcome> {
  const agent = await openConsul(stage)
  const catalogue = new Catalogue(agent, size, 80)
  await catalogue.seed()
  const client = new ConsulClient(consulOptions(`consul://${agent.address}`, {}))
  const source = new ConsulSource({ consul: client, clock: systemClock })
  stage.onClose(() => {
    source.close()
    client.close()
  })
  const asked = dependencies(catalogue)
  const startedAt = performance.now()
  source.follow(asked)
  const isRead = (): boolean => asked.every((each) => source.recall(each) !== undefined)
  await until('all services are read', isRead, { timeoutMs: 60_000 })
  const readMs = performance.now() - startedAt
  await pause(settleMs)
  const atStart = client.counts.requests
  const followed = await follow(source, client, catalogue)
  const { most } = client.connections
  return {
    rows: rowsOf(followed, { readMs, most, atStart }),
    notes: [],
    details: { size, templates, dependencies: asked.length, followed },
  }
}

/** All that the templates ask for, as often as they do. */
function dependencies(catalogue: Catalogue): readonly Dependency[] {
  return Array.from({ length: templates }, (_, template) =>
    Array.from({ length: size.services }, (__, service) => {
      const wish = wishes[template % wishes.length] ?? 'NAME'
      return parseHealthQuery('health.service', wish.replace('NAME', catalogue.name(service)))
    }),
  ).flat()
}

/** One instance more, one less, by turns, each pair in another service and on another node. */
async function follow(
  source: ConsulSource,
  client: ConsulClient,
  catalogue: Catalogue,
): Promise<readonly Change[]> {
  const results: Change[] = []
  let told = (): void => undefined
  source.onEvent(() => told())
  for (let round = 0; round < changes; round += 1) {
    const service = (Math.floor(round / 2) * 67) % size.services
    const place = { service, slot: size.endpointsPerService }
    const before = client.counts.requests
    const known = new Promise<number>((resolve) => (told = () => resolve(performance.now())))
    const startedAt = performance.now()
    if (round % 2 === 0) await catalogue.register(place)
    else await catalogue.deregister(place)
    const toldToKnownMs = (await known) - startedAt
    await pause(settleMs)
    results.push({ requests: client.counts.requests - before, toldToKnownMs })
  }
  return results
}

function rowsOf(
  followed: readonly Change[],
  start: { readonly readMs: number; readonly most: number; readonly atStart: number },
): readonly Row[] {
  const requests = followed.map((change) => change.requests)
  const known = summary(followed.map(({ toldToKnownMs }) => toldToKnownMs))
  const of = 'fairlead'
  const what = (text: string): string => `1,000 services in 20 templates: ${text}`
  return [
    {
      what: what('requests to Consul for one change, most'),
      of,
      measured: Math.max(...requests),
      unit: '',
      budget: { is: '<=', value: 3 },
    },
    {
      what: what('connections to Consul, most at a time'),
      of,
      measured: start.most,
      unit: '',
      budget: { is: '<=', value: 48 },
    },
    { what: what('Consul told → templates know, median'), of, measured: known.median, unit: 'ms' },
    { what: what('Consul told → templates know, p95'), of, measured: known.p95, unit: 'ms' },
    { what: what('start → all answers there'), of, measured: start.readMs, unit: 'ms' },
    { what: what('requests at the start'), of, measured: start.atStart, unit: '' },
  ]
}
