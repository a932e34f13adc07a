import { readFile } from 'node:fs/promises'
import { afterEach, expect, it, vi } from 'vitest'
import { createTestApi, type TestApi } from '../../test/support/api-request.ts'
import {
  changeEntry,
  consulReport,
  endpointReport,
  memberReport,
  serviceReport,
  statusReport,
} from '../../test/support/memory-daemon.ts'
import { parseStatistics } from './haproxy-statistics.ts'
import { Metrics } from './metrics.ts'

// As HAProxy 2.6 prints it, less the columns in between.
const csv = `# pxname,svname,scur,stot,status,weight,type,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,req_tot,last_chk,
http,FRONTEND,4,9,OPEN,,0,0,9,0,0,0,0,9,,
web,web.1,2,7,UP,1,2,0,6,0,1,0,0,7,"TCP ok, ""fast""",
web,web.2,0,1,DOWN,1,2,0,0,0,0,1,0,1,,
web,BACKEND,2,8,UP,2,1,0,6,0,1,1,0,8,,
_none,BACKEND,0,3,UP,0,1,0,0,0,0,3,0,3,,

`

let api: TestApi
afterEach(() => api.close())

async function scrape(): Promise<string[]> {
  const response = await api.ask('/metrics')
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toContain('text/plain')
  return (await response.text()).split('\n')
}

it("shows the state of the moment, and of HAProxy's statistics what belongs to services", async () => {
  api = createTestApi()
  api.daemon.csv = csv
  const lines = await scrape()
  expect(lines).toEqual(
    expect.arrayContaining([
      'fairlead_info{name="default",version="0.1.0",haproxy_version="2.6.12"} 1',
      'fairlead_reloads_total{reason="setting"} 0',
      'fairlead_pinned_generation 0',
      'fairlead_drift 0',
      'fairlead_services 1',
      'fairlead_endpoints{service="web",state="ready"} 1',
      'fairlead_endpoints{service="web",state="drain"} 0',
      'fairlead_source_connected{source="docker:box"} 1',
      'fairlead_applied 1',
      'fairlead_haproxy_up 1',
      'fairlead_server_up{service="web",server="web.1"} 1',
      'fairlead_server_up{service="web",server="web.2"} 0',
      'fairlead_server_sessions{service="web",server="web.1"} 2',
      'fairlead_server_requests_total{service="web",server="web.1"} 7',
      'fairlead_responses_total{service="web",class="2xx"} 6',
    ]),
  )
  expect(lines.some((line) => line.includes('_none'))).toBe(false)
})

it('shows how Consul is doing, and nothing of it where the registry is the embedded one', async () => {
  api = createTestApi()
  const names = /^fairlead_(consul|held|registration)\w*[{ ]/
  expect((await scrape()).filter((line) => names.test(line))).toEqual([])
  api.daemon.report = statusReport({ registry: consulReport() })
  const lines = (await scrape()).filter((line) => names.test(line))
  expect(lines).toEqual([
    'fairlead_consul_current{datacenter="dc1"} 1',
    'fairlead_consul_age_seconds{datacenter="dc1"} 0',
    'fairlead_consul_services{datacenter="dc1"} 2',
    'fairlead_consul_requests_total{datacenter="dc1"} 120',
    'fairlead_consul_retries_total{datacenter="dc1"} 3',
    'fairlead_held_back{service="web"} 3',
    'fairlead_held_back_total{datacenter="dc1"} 5',
    'fairlead_registrations{state="registered"} 5',
    'fairlead_registrations{state="pending"} 1',
    'fairlead_registrations{state="refused"} 2',
    'fairlead_registration_writes_total{kind="register"} 9',
    'fairlead_registration_writes_total{kind="deregister"} 4',
    'fairlead_registration_writes_total{kind="heartbeat"} 30',
    'fairlead_registration_writes_total{kind="retry"} 7',
  ])
})

it.each([
  ['is silent: since its last answer', { state: 'waiting', answeredAtMs: -60_000 }, 60],
  ['has no leader: since then', { state: 'stale', sinceMs: -30_000, answeredAtMs: -1000 }, 30],
  ['never answered: since the start', { state: 'waiting', sinceMs: -9000, answeredAtMs: 0 }, 9],
] as const)('gives the age of what is known when Consul %s', async (_, changes, seconds) => {
  api = createTestApi()
  const ago = (ms: number | undefined) => (ms ? Date.now() + ms : undefined)
  const { state, answeredAtMs } = changes
  const sinceMs = ago('sinceMs' in changes ? changes.sinceMs : -1) ?? 0
  const registry = consulReport({ state, sinceMs, answeredAtMs: ago(answeredAtMs) })
  api.daemon.report = statusReport({ registry })
  const lines = await scrape()
  const line = lines.find((each) => each.startsWith('fairlead_consul_age_seconds')) ?? ''
  expect(Math.floor(Number(line.split(' ')[1]))).toBe(seconds)
  expect(lines).toContain('fairlead_consul_current{datacenter="dc1"} 0')
})

it('forgets what has gone, and does not add up from scrape to scrape', async () => {
  api = createTestApi()
  api.daemon.csv = csv
  await scrape()
  expect(await scrape()).toContain('fairlead_server_requests_total{service="web",server="web.1"} 7')
  api.daemon.report = statusReport({ services: [], sources: [] })
  const lines = await scrape()
  expect(lines).toContain('fairlead_services 0')
  expect(lines.filter((line) => line.includes('="web"'))).toEqual([])
})

it('counts changes as they happen, also those before the first scrape', async () => {
  api = createTestApi()
  const { ledger } = api.daemon
  ledger.record(changeEntry({ eventToDoneMs: 4 }))
  ledger.record(changeEntry({ how: 'reload', kinds: ['server', 'mass'], eventToDoneMs: -20 }))
  ledger.record(changeEntry({ how: 'failed', eventToDoneMs: 5 }))
  ledger.record(changeEntry({ eventToDoneMs: undefined, changeCount: 7, applyMs: 30 }))
  const scrapeAll = async () => {
    const lines = await scrape()
    expect(lines).toContain('fairlead_changes_total{how="runtime"} 2')
    return lines
  }
  const lines = await vi.waitFor(scrapeAll, { timeout: 25_000 })
  expect(lines).toEqual(
    expect.arrayContaining([
      'fairlead_changes_total{how="reload"} 1',
      'fairlead_changes_total{how="failed"} 1',
      'fairlead_event_to_done_seconds_bucket{le="0.001"} 1',
      'fairlead_event_to_done_seconds_bucket{le="0.005"} 2',
      'fairlead_event_to_done_seconds_count 2',
      'fairlead_reloads_total{reason="server"} 1',
      'fairlead_reloads_total{reason="mass"} 0',
      'fairlead_runtime_changes_total 8',
      'fairlead_apply_seconds_bucket{le="0.025"} 2',
      'fairlead_apply_seconds_count 3',
      'fairlead_generation 4',
    ]),
  )
})

it('answers while HAProxy is down', async () => {
  api = createTestApi()
  api.daemon.csv = new Error('no answer')
  const lines = await scrape()
  expect(lines).toContain('fairlead_haproxy_up 0')
  expect(lines.filter((line) => line.startsWith('fairlead_server_'))).toEqual([])
})

it('keeps a label value in its quotes, whatever is in it', async () => {
  api = createTestApi()
  const endpoints = [endpointReport()]
  const service = serviceReport({ name: 'a"} 1\nfairlead_problems 99\\', endpoints })
  api.daemon.report = statusReport({ services: [service] })
  const lines = await scrape()
  expect(lines.filter((line) => line.startsWith('fairlead_problems '))).toEqual([
    'fairlead_problems 0',
  ])
})

it('reads statistics by the names of the columns', () => {
  const rows = parseStatistics(csv)
  expect(rows.map((row) => row.server)).toEqual(['web.1', 'web.2', undefined, undefined])
  expect(rows[0]).toMatchObject({ backend: 'web', status: 'UP', sessions: 2, requests: 7 })
  expect(parseStatistics('')).toEqual([])
})

it('reads what HAProxy 2.6 prints', async () => {
  const rows = parseStatistics(await readFile('test/golden/show-stat-2.6.csv', 'utf8'))
  expect(rows.map(({ backend, server }) => [backend, server])).toEqual([
    ['web', 'web.1'],
    ['web', undefined],
    ['_gone', undefined],
  ])
  expect(rows[0]).toMatchObject({ status: 'no check', sessions: 0, requests: 3 })
  expect(rows[1]?.responses.get('2xx')).toBe(3)
})

it('is documented name by name', async () => {
  api = createTestApi()
  const page = await readFile('docs/metrics.md', 'utf8')
  const documented = [...page.matchAll(/^\| `(\w+)` +\| (?:gauge|counter|histogram) /gm)]
  const names = documented.map((match) => match[1])
  expect(new Set(names)).toEqual(new Set(new Metrics('0').names))
})

it('has series of the cluster only where there is one, and asks Consul for nothing', async () => {
  api = createTestApi()
  const seriesOf = (lines: readonly string[]) =>
    lines.filter((line) => line.startsWith('fairlead_cluster'))
  expect(seriesOf(await scrape())).toEqual([])
  const counts = { writes: 3, heartbeats: 9, failures: 1 }
  api.daemon.clusterReport = {
    kind: 'consul',
    service: 'fairlead',
    isSame: false,
    readAtMs: 1,
    error: '',
    members: [
      memberReport({ isThis: true }),
      memberReport({ verdict: { kind: 'lags', text: '' } }),
    ],
    counts,
  }
  expect(seriesOf(await scrape())).toEqual(
    expect.arrayContaining([
      'fairlead_cluster_same 1',
      'fairlead_cluster_members{verdict="same"} 1',
      'fairlead_cluster_members{verdict="lags"} 1',
      'fairlead_cluster_members{verdict="away"} 0',
      'fairlead_cluster_writes_total{kind="card"} 3',
    ]),
  )
  expect(api.daemon.calls).toEqual([
    ['cluster', true],
    ['cluster', true],
  ])
  api.daemon.clusterReport = { kind: 'embedded' }
  expect(seriesOf(await scrape())).toEqual([])
})
