import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestApi, type TestApi } from '../../../test/support/api-request.ts'
import { changeEntry, statusReport } from '../../../test/support/memory-daemon.ts'
import { createApi } from '../server.ts'

let api: TestApi
beforeEach(() => {
  api = createTestApi()
})
afterEach(() => {
  api.close()
  expect(api.defects).toEqual([])
})

async function errorOf(response: Response): Promise<{ status: number; code: string }> {
  const { error } = (await response.json()) as { error: { code: string } }
  return { status: response.status, code: error.code }
}

describe('status and explain', () => {
  it("give the daemon's reports as JSON that no cache keeps", async () => {
    const explanation = { subject: 'web', kind: 'service', conclusion: 'x', traces: [] } as const
    api.daemon.explanations.set('http://a/b?c=1&d', explanation)
    const status = await api.ask('/api/status')
    expect(status.headers.get('content-type')).toContain('application/json')
    expect(status.headers.get('cache-control')).toBe('no-store')
    expect(await status.json()).toEqual(api.daemon.report)
    const subject = encodeURIComponent('http://a/b?c=1&d')
    expect(await (await api.ask(`/api/explain?subject=${subject}`)).json()).toEqual(explanation)
  })

  it('answer 404 for what was never seen and 400 without a subject', async () => {
    const unknown = await api.ask('/api/explain?subject=nobody')
    expect(await errorOf(unknown)).toEqual({ status: 404, code: 'not_found' })
    expect(await errorOf(await api.ask('/api/explain'))).toEqual({ status: 400, code: 'usage' })
  })
})

describe('words', () => {
  it("reach the daemon, whatever the endpoint's id holds", async () => {
    const id = 'box:team/web 100%2F:80'
    api.daemon.known.add(id)
    const path = `/api/words/${encodeURIComponent(id)}`
    expect((await api.post(path, { state: 'drain' })).status).toBe(200)
    expect((await api.post(path, { weight: null })).status).toBe(200)
    expect((await api.post(path, { state: 'ready', weight: 256 })).status).toBe(200)
    expect(api.daemon.calls).toEqual([
      ['setWord', id, { state: 'drain' }],
      ['setWord', id, { weight: null }],
      ['setWord', id, { state: 'ready', weight: 256 }],
    ])
  })

  it.each([
    {},
    { state: 'off' },
    { weight: 257 },
    { weight: -1 },
    { weight: 1.5 },
    { weight: '5' },
    { wieght: 5 },
    [],
    null,
    'drain',
  ])('are refused when they make no sense: %j', async (body) => {
    api.daemon.known.add('a')
    const response = await api.post('/api/words/a', body)
    expect(await errorOf(response)).toEqual({ status: 400, code: 'usage' })
    expect(api.daemon.calls).toEqual([])
  })

  it('name the wrong field, and are 404 for an unknown endpoint', async () => {
    const wrong = await api.post('/api/words/a', { weight: 'x' })
    expect(await wrong.text()).toContain('weight: Invalid type')
    const unknown = await api.post('/api/words/a', { weight: 1 })
    expect(await errorOf(unknown)).toEqual({ status: 404, code: 'not_found' })
  })
})

it('lets held-back removals go on POST /api/confirm, of one service or of all', async () => {
  api.daemon.known.add('a')
  const one = await api.post('/api/confirm', { service: 'shop' })
  expect(await one.json()).toEqual({ endpoints: ['a'] })
  expect((await api.post('/api/confirm', {})).status).toBe(200)
  const wrong = await api.post('/api/confirm', { service: 5 })
  expect(await errorOf(wrong)).toEqual({ status: 400, code: 'usage' })
  expect(api.daemon.calls).toEqual([
    ['confirm', 'shop'],
    ['confirm', undefined],
  ])
})

describe('history', () => {
  const generation = { id: 41, ...changeEntry(), commandTexts: ['x'], problems: [] }

  it('gives so many generations before another one, twenty unless told otherwise', async () => {
    api.daemon.generations.push(generation, { ...generation, id: 42 })
    expect(await (await api.ask('/api/history')).json()).toHaveLength(2)
    expect((await api.ask('/api/history?most=3&before=42')).status).toBe(200)
    expect(api.daemon.calls).toEqual([
      ['history', 20, undefined],
      ['history', 3, 42],
    ])
    expect(await (await api.ask('/api/history/41')).json()).toEqual(generation)
    const unknown = await api.ask('/api/history/7')
    expect(await errorOf(unknown)).toEqual({ status: 404, code: 'not_found' })
  })

  it.each(['/api/history?most=x', '/api/history/0', '/api/diff', '/api/diff?from=1&to=-1'])(
    'refuses what is no number: %s',
    async (path) => {
      expect(await errorOf(await api.ask(path))).toEqual({ status: 400, code: 'usage' })
    },
  )

  it('gives a difference, rolls back and unpins', async () => {
    api.daemon.generations.push(generation)
    const diff = await api.ask('/api/diff?from=41&text=1')
    expect(await diff.json()).toMatchObject({ from: 41, text: expect.any(String) as unknown })
    expect((await api.post('/api/rollback', { generation: 41 })).status).toBe(200)
    for (const body of [{}, { generation: '41' }, { generation: 0 }, { generation: 1, x: 1 }]) {
      const wrong = await api.post('/api/rollback', body)
      expect(await errorOf(wrong)).toEqual({ status: 400, code: 'usage' })
    }
    expect(await errorOf(await api.post('/api/unpin', {}))).toEqual({
      status: 404,
      code: 'not_found',
    })
    expect(api.daemon.calls).toEqual([['rollback', 41], ['unpin']])
  })
})

it('begins the end on POST /api/down', async () => {
  expect((await api.post('/api/down', {})).status).toBe(202)
  expect(api.daemon.calls).toEqual([['down']])
})

describe('health', () => {
  it('is alive, and ready when the daemon is', async () => {
    expect((await api.ask('/healthz')).status).toBe(200)
    const response = await api.ask('/readyz')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ isReady: true, missing: [] })
  })

  it('is not ready until all is there, and says what is missing', async () => {
    api.daemon.ready = false
    const source = {
      source: 'docker:box',
      state: 'connecting',
      error: 'refused',
      sinceMs: 0,
    } as const
    api.daemon.report = statusReport({ sources: [source], isApplied: false })
    const response = await api.ask('/readyz')
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({
      isReady: false,
      missing: ['docker:box is connecting: refused', 'the desired state is not applied yet'],
    })
    api.daemon.report = statusReport()
    const { missing } = (await (await api.ask('/readyz')).json()) as { missing: string[] }
    expect(missing).toHaveLength(1)
  })
})

describe('requests that fit nothing', () => {
  it('get 404 or 405 with what is allowed', async () => {
    expect(await errorOf(await api.ask('/api/nothing'))).toEqual({ status: 404, code: 'not_found' })
    const response = await api.post('/api/status', {})
    expect(response.headers.get('allow')).toBe('GET, HEAD')
    expect(await errorOf(response)).toEqual({ status: 405, code: 'usage' })
    expect((await api.ask('/api/words/a')).status).toBe(405)
    expect((await api.ask('/api/status', { method: 'OPTIONS' })).status).toBe(405)
  })

  it('get 400 for broken JSON and 413 for a body of more than a megabyte', async () => {
    const headers = { 'content-type': 'application/json' }
    const broken = await api.ask('/api/words/a', { method: 'POST', headers, body: '{' })
    expect(await errorOf(broken)).toEqual({ status: 400, code: 'usage' })
    const large = await api.post('/api/words/a', { state: 'x'.repeat(1024 * 1024) })
    expect(await errorOf(large)).toEqual({ status: 413, code: 'usage' })
  })
})

it('answers a defect with 500 and reports it', async () => {
  const defect = new TypeError('x is\n  undefined')
  api.daemon.status = () => Promise.reject(defect)
  expect(await errorOf(await api.ask('/api/status'))).toEqual({ status: 500, code: 'internal' })
  expect(api.defects.splice(0)).toEqual([defect])
})

it('has every route in docs/api.md, with an example', async () => {
  const page = await readFile('docs/api.md', 'utf8')
  const listed = [...page.matchAll(/^\| \[`(\w+ \S+)`\]/gm)].map((match) => match[1])
  // Those of Consul's API have a test of their own.
  const own = listed.filter((route) => route?.includes(' /v1/') === false)
  const ending = new AbortController()
  const app = createApi(
    {
      control: api.daemon,
      version: '0',
      adminHosts: [],
      token: undefined,
      onDefect: () => undefined,
    },
    ending.signal,
  )
  const routes = app.routes
    .filter((route) => route.method !== 'ALL')
    .map((route) => `${route.method} ${route.path.replace('{.+}', '')}`)
  ending.abort()
  expect(new Set(own)).toEqual(new Set(routes))
  for (const route of routes) {
    const path = route.replace(/^\w+ (.*?)(:\w+)?$/, '$1')
    expect(page, route).toMatch(new RegExp(`^curl .*http://127.0.0.1:7400${path}`, 'm'))
  }
})
