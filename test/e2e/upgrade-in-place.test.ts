import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startConsul, type ConsulAgent } from '../support/consul/consul-agent.ts'
import { until, UpgradedInPlace } from './support/upgraded.ts'

let running: UpgradedInPlace

beforeEach(async () => {
  running = await UpgradedInPlace.open()
})

afterEach(async () => {
  await running.close()
  expect(running.output).not.toMatch(/MODULE_NOT_FOUND|Cannot find|another version/)
})

/** Everything that is asked of a daemon answers. */
async function expectAnswers(): Promise<void> {
  let endpoint = ''
  await running.until('one endpoint', async () => {
    const { services } = (await (await running.ask('/api/status')).json()) as {
      readonly services: readonly { readonly endpoints: readonly { readonly id: string }[] }[]
    }
    const [only, ...others] = services.flatMap(({ endpoints }) => endpoints)
    endpoint = only?.id ?? ''
    return only !== undefined && others.length === 0
  })
  const word = `/api/words/${encodeURIComponent(endpoint)}`
  const asked: readonly (readonly [path: string, method?: string, body?: unknown])[] = [
    ['/readyz'],
    ['/metrics'],
    [`/api/explain?subject=${encodeURIComponent(endpoint)}`],
    ['/api/history'],
    ['/api/diff?from=1&text=1'],
    ['/v1/catalog/services'],
    ['/v1/kv/a', 'PUT', 'b'],
    ['/v1/kv/a'],
    [word, 'POST', { weight: 7 }],
    [word, 'POST', { state: 'ready', weight: null }],
    ['/api/rollback', 'POST', { generation: 1 }],
    ['/api/unpin', 'POST', {}],
  ]
  const statuses: string[] = []
  for (const [path, method, body] of asked) {
    statuses.push(`${method ?? 'GET'} ${path}: ${await running.status(path, method, body)}`)
  }
  expect(statuses).toEqual(asked.map(([path, method]) => `${method ?? 'GET'} ${path}: 200`))
}

describe('fairlead up, with another version put in its place while it runs', () => {
  it('goes on discovering, serving and answering, and ends with its HAProxy', async () => {
    await running.up('--http', `127.0.0.1:${running.port}`, '--default-service', 'web')
    running.replace()
    await running.runContainer('one')
    await running.untilServed('one')
    await running.runContainer('two')
    running.docker.die('one')
    await running.untilServed('two')
    await expectAnswers()
    running.docker.dropAll()
    await running.runContainer('three')
    running.docker.die('two')
    await running.untilServed('three')
    expect(await running.end('SIGINT')).toBe(0)
    await expect(fetch(`http://127.0.0.1:${running.port}`)).rejects.toThrow('fetch failed')
  })

  it('reads its templates again and renders what they had not asked for', async () => {
    const template = (more: string): string => `global
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout client 50s
  timeout server 50s
frontend web
  bind 127.0.0.1:${running.port}
  default_backend app
backend app
${more}{{range service "web"}}  server {{.ID}} {{.Address}}:{{.Port}}
{{end}}`
    await writeFile(running.path('haproxy.ctmpl'), template(''))
    await running.up('--template', running.path('haproxy.ctmpl'))
    running.replace()
    await running.runContainer('one')
    await running.untilServed('one')
    const header = `{{with parseYAML "name: x-read"}}  http-response set-header {{.name}} \
{{"again" | regexReplaceAll "a(.+)" "$1" | toUpper}}\n{{end}}`
    await writeFile(running.path('haproxy.ctmpl'), template(header))
    running.signal('SIGHUP')
    await running.until('the template that was read again', async () => {
      const answer = await fetch(`http://127.0.0.1:${running.port}`)
      await answer.text()
      return answer.headers.get('x-read') === 'GAIN'
    })
    await running.runContainer('two')
    running.docker.die('one')
    await running.untilServed('two')
    expect(await running.end('SIGINT')).toBe(0)
  })
})

describe('beside a Consul, with another version put in its place while it runs', () => {
  let consul: ConsulAgent

  beforeAll(async () => {
    consul = await startConsul()
  })

  afterAll(() => consul?.close())

  /** Waits for an instance of the service whose id ends so; its tags. */
  const tagsOf = (service: string, suffix: string): Promise<readonly string[]> =>
    until(
      () => `${suffix} in ${service}\n${running.output}`,
      async () => {
        const { body } = await consul.api<
          readonly { readonly ServiceID: string; readonly ServiceTags: readonly string[] }[]
        >('GET', `/v1/catalog/service/${service}`)
        return body.find(({ ServiceID }) => ServiceID.includes(suffix))?.ServiceTags
      },
    )

  it('fairlead up registers and serves what comes', async () => {
    const http = ['--http', `127.0.0.1:${running.port}`, '--default-service', 'web']
    const registry = ['--registry', `consul://${consul.address}`, '--register', 'container']
    await running.up(...http, ...registry)
    running.replace()
    await running.runContainer('one')
    await running.untilServed('one')
    await running.runContainer('two')
    running.docker.die('one')
    await running.untilServed('two')
    await tagsOf('web', 'two')
    expect(await running.status('/metrics')).toBe(200)
    expect(await running.end('SIGINT')).toBe(0)
  })

  it('fairlead registrator registers what comes, with rendered tags', async () => {
    const tags = '{{toUpper .Name}}'
    const flags = ['-ip', '10.0.0.9', '-internal', '-tags', tags]
    running.start(['registrator', ...flags, `consul://${consul.address}`])
    const run = (id: string): void =>
      running.docker.run({
        id: id.padEnd(64, '0'),
        name: id,
        env: [`SERVICE_NAME=${id}`],
        networks: { bridge: '127.0.0.1' },
        ports: ['80/tcp'],
      })
    const isListening = (): boolean => running.output.includes('Listening for Docker events')
    await running.until('its list', () => Promise.resolve(isListening()))
    running.replace()
    run('beta')
    expect(await tagsOf('beta', 'beta')).toEqual(['/BETA'])
    running.docker.dropAll()
    run('gamma')
    expect(await tagsOf('gamma', 'gamma')).toEqual(['/GAMMA'])
    expect(await running.end('SIGTERM')).toBe(0)
  })

  it('fairlead template renders what changes, and what is read again', async () => {
    const put = (value: string): Promise<unknown> =>
      fetch(`${consul.url}/v1/kv/word`, { method: 'PUT', body: value })
    const rendered = (text: string): Promise<void> =>
      running.until(`the text ${text}`, async () => {
        return (await readFile(running.path('out'), 'utf8').catch(() => '')) === text
      })
    await put('one')
    await writeFile(running.path('in.ctmpl'), '{{key "word"}}')
    const pair = `${running.path('in.ctmpl')}:${running.path('out')}:true`
    running.start(['template', '-consul-addr', consul.address, '-template', pair])
    await rendered('one')
    running.replace()
    await put('two')
    await rendered('two')
    const other =
      '{{with parseYAML "count: 1"}}{{.count}}{{end}} {{key "word" | regexReplaceAll "w" "v"}}'
    await writeFile(running.path('in.ctmpl'), other)
    running.signal('SIGHUP')
    await rendered('1 tvo')
    expect(await running.end('SIGTERM')).toBe(0)
  })
})
