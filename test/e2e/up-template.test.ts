import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Load } from './support/load.ts'
import { end, type Container, type Stage } from './support/stage.ts'
import {
  answererOf,
  changesOf,
  guideTemplate,
  headOf,
  lingering,
  openTemplateStage,
  registerService,
  setKey,
  untilBalanced,
  writeTemplate,
} from './support/template-stage.ts'

let stage: Stage
let web: string

beforeEach(async () => {
  stage = await openTemplateStage()
  web = stage.name('web')
})

afterEach(() => stage.close())

async function problems(): Promise<readonly string[]> {
  return (await stage.status()).problems.map(({ where, what }) => `${where}: ${what}`)
}

async function untilProblem(part: string): Promise<string> {
  const find = async () => (await problems()).find((each) => each.includes(part))
  await stage.until(async () => (await find()) !== undefined, `a problem says ${part}`)
  return (await find()) ?? ''
}

/**
 * Waits until each of them has answered, and nobody else does. HAProxy's roundrobin may give a server
 * that has just come many requests in a row.
 */
async function untilAnswering(containers: readonly Container[]): Promise<void> {
  const all = containers.map(({ hostname }) => hostname)
  const left = new Set(all)
  await stage.until(async () => {
    const answerer = await answererOf(stage)
    expect(all).toContain(answerer)
    left.delete(answerer)
    return left.size === 0
  }, `all ${all.length} answer`)
}

function balancing(more = ''): string {
  return `${headOf(stage)}  default_backend app
backend app
  balance roundrobin${more}
{{- range service "${web}"}}
  server {{.ID}} {{.Address}}:{{.Port}} maxconn 100
{{- end}}
`
}

describe("the guide's template as it stands", () => {
  it('follows containers from one to five and back, with no reload and no failed request', async () => {
    const containers: Container[] = [await stage.startContainer(lingering(web))]
    await stage.up('--template', await guideTemplate(stage, 'by-name', web))
    await untilBalanced(stage, web, 1)
    const before = await stage.status()
    expect(before.http).toContain(`127.0.0.1:${stage.port}`)
    const load = new Load({ port: stage.port, perSecond: 100, service: web })
    while (containers.length < 5) containers.push(await stage.startContainer(lingering(web)))
    await untilBalanced(stage, web, 5)
    expect(await untilProblem('share the name')).toMatch(/backend builder: .*address/)
    for (const each of containers.slice(1)) await stage.post(`/containers/${each.id}/stop`)
    await untilBalanced(stage, web, 1)
    const { sent, failures } = await load.stop()
    expect(failures).toEqual([])
    expect(sent).toBeGreaterThan(100)
    expect((await stage.status()).haproxy.reloads).toBe(before.haproxy.reloads)
    expect(await answererOf(stage)).toBe(containers[0]?.hostname)
    const causes = (await changesOf(stage)).flatMap((each) => each.causes)
    expect(causes).toContain(`health.service(${web}|passing)`)
  })

  it('balances what listens on port 80, whatever it is called', async () => {
    const containers = [
      await stage.startContainer({ service: web }),
      await stage.startContainer({ service: web }),
    ]
    const template = await guideTemplate(stage, 'by-port')
    await stage.up('--docker', 'none', '--template', template)
    for (const [index, container] of containers.entries()) {
      const address = await stage.addressOf(container)
      await registerService(stage, { id: `s${index}`, name: `n${index}`, address, port: 80 })
    }
    await registerService(stage, { id: 'db', name: 'db', address: '127.0.0.1', port: 5432 })
    await untilBalanced(stage, 'n0', 1)
    await untilBalanced(stage, 'n1', 1)
    await untilAnswering(containers)
    await stage.until(async () => (await stage.status()).leftOut.length > 0, 'one is left out')
    const { leftOut } = await stage.status()
    expect(leftOut).toMatchObject([{ reason: expect.stringContaining("not in the template's") }])
    const { stdout } = await stage.ask('explain', 'n0')
    expect(stdout).toMatch(/server .*builder\/node-.*gets requests/)
  })
})

describe('a template in the place of routing', () => {
  it('is refused by HAProxy without any harm, and the problem names its line', async () => {
    const first = await stage.startContainer({ service: web })
    const { hostname } = first
    const text = balancing('\n  {{keyOrDefault "extra" "# nothing"}}')
    const path = await writeTemplate(stage, 'haproxy.ctmpl', text)
    await stage.up('--template', path)
    await untilBalanced(stage, web, 1)
    await setKey(stage, 'extra', 'no-such-word 1')
    const line = text.split('\n').findIndex((each) => each.includes('extra')) + 1
    const problem = await untilProblem('no-such-word')
    expect(problem).toContain(`line ${line}: no-such-word 1, from ${path}:${line}`)
    expect(await answererOf(stage)).toBe(hostname)

    // Servers come and go all the same.
    const later = await stage.startContainer({ service: web })
    await untilBalanced(stage, web, 2)
    await untilAnswering([first, later])
    await stage.remove(first)
    await untilBalanced(stage, web, 1)
    expect(await answererOf(stage)).toBe(later.hostname)

    await setKey(stage, 'extra', 'timeout queue 3s')
    const isMended = async () => !(await problems()).join('\n').includes('no-such-word')
    await stage.until(isMended, 'the good text is taken')
    await stage.until(async () => {
      const { isApplied, haproxy } = await stage.status()
      return isApplied && haproxy.reloads > 0
    }, 'the good text is applied')
    expect((await stage.status()).haproxy.reloads).toBe(1)
  })

  it('gives files that the configuration names, which change without a reload', async () => {
    const [one, other] = ['one', 'other'].map((each) => stage.name(each)) as [string, string]
    const containers = [
      await stage.startContainer({ service: one }),
      await stage.startContainer({ service: other }),
    ]
    const map = join(stage.folder, 'maps', 'hosts.map')
    const backends = [one, other].map(
      (each) => `backend ${each}
{{range service "${each}"}}  server {{.ID}} {{.Address}}:{{.Port}}
{{end}}`,
    )
    const rule = `  use_backend %[req.hdr(host),lower,map(${map},${one})]\n`
    const config = await writeTemplate(stage, 'a.ctmpl', headOf(stage) + rule + backends.join(''))
    const hosts = await writeTemplate(
      stage,
      'b.ctmpl',
      '{{range ls "hosts"}}{{.Key}} {{.Value}}\n{{end}}',
    )
    await stage.up('--template', config, '--template', `${hosts}:${map}`)
    await untilBalanced(stage, one, 1)
    await untilBalanced(stage, other, 1)
    expect(await answererOf(stage, 'x.test')).toBe(containers[0]?.hostname)
    await setKey(stage, 'hosts/x.test', other)
    await stage.until(
      async () => (await answererOf(stage, 'x.test')) === containers[1]?.hostname,
      'the map leads elsewhere',
    )
    // HAProxy goes by it a moment before all of it is read back and told.
    await stage.until(async () => (await stage.status()).isApplied, 'the map is applied')
    expect((await stage.status()).haproxy.reloads).toBe(0)
    expect((await changesOf(stage)).at(-1)?.causes).toEqual(['kv.list(hosts)'])
  })

  it('is taken up by the next fairlead, which adopts what serves; SIGHUP reads it again', async () => {
    await stage.startContainer({ service: web })
    const path = await writeTemplate(stage, 'haproxy.ctmpl', balancing())
    const first = await stage.up('--template', path)
    await untilBalanced(stage, web, 1)
    const pid = await stage.haproxyPid()
    const load = new Load({ port: stage.port, perSecond: 100, service: web })
    await end(first, 'SIGTERM')
    const second = await stage.up('--template', path)
    await untilBalanced(stage, web, 1)
    expect(await stage.haproxyPid()).toBe(pid)
    expect((await stage.status()).haproxy).toMatchObject({ isAdopted: true, reloads: 0 })
    await writeFile(path, '{{range}')
    second.kill('SIGHUP')
    await untilProblem(`${path}:1: `)
    await writeFile(path, balancing('\n  timeout queue 4s'))
    second.kill('SIGHUP')
    await stage.until(async () => (await stage.status()).haproxy.reloads === 1, 'it is read again')
    expect((await load.stop()).failures).toEqual([])
  })

  it('has operators drain its servers and go back to what was in force before', async () => {
    const containers = [
      await stage.startContainer({ service: web }),
      await stage.startContainer({ service: web }),
    ]
    const text = balancing('\n  timeout queue {{keyOrDefault "queue" "5s"}}')
    await stage.up('--template', await writeTemplate(stage, 'haproxy.ctmpl', text))
    await untilBalanced(stage, web, 2)
    const before = (await changesOf(stage)).at(-1)?.id ?? 0
    const { id, server, candidate } = (await stage.status()).services[0]?.endpoints[0] ?? {}
    expect(server).toBe(id)
    expect((await stage.ask('drain', candidate ?? '')).code).toBe(0)
    await untilBalanced(stage, web, 1, 2)
    const other = containers.find(({ name }) => name !== candidate)
    expect([await answererOf(stage), await answererOf(stage)]).toEqual(
      [other, other].map((each) => each?.hostname),
    )
    await setKey(stage, 'queue', '6s')
    await stage.until(async () => (await stage.status()).haproxy.reloads === 1, 'it is reloaded')
    expect((await stage.ask('rollback', String(before))).code).toBe(0)
    const config = await readFile(join(stage.stateFolder, 'haproxy.cfg'), 'utf8')
    expect(config).toContain('timeout queue 5s')
    // Servers follow what is wanted now.
    expect(await answererOf(stage)).toBe(other?.hostname)
    expect((await stage.ask('unpin')).code).toBe(0)
  })

  it('ends the start with its place where it cannot be read', async () => {
    const path = await writeTemplate(stage, 'haproxy.ctmpl', 'global\n{{nothing "x"}}\n')
    const { code, stderr } = await stage.cli(...stage.upArguments('--template', path))
    expect(code).toBe(1)
    expect(stderr).toContain(`${path}:2: function "nothing" not defined`)
    const stops = await writeTemplate(stage, 'stops.ctmpl', 'global\n  {{index 1 2}}\n')
    const second = await stage.cli(...stage.upArguments('--template', stops))
    expect(second.code).toBe(1)
    expect(second.stderr).toMatch(/stops\.ctmpl:2:\d+: /)
  })

  it('waits for a key that is not there, and says so', async () => {
    const { hostname } = await stage.startContainer({ service: web })
    const path = await writeTemplate(
      stage,
      'a.ctmpl',
      balancing('\n  timeout queue {{key "queue"}}'),
    )
    stage.spawnUp('--template', path)
    await stage.until(
      async () => (await stage.api('GET', '/api/status')).status === 200,
      'it is up',
    )
    await untilProblem('waits for kv.block(queue)')
    expect((await stage.api('GET', '/readyz')).status).not.toBe(200)
    await setKey(stage, 'queue', '3s')
    await untilBalanced(stage, web, 1)
    expect(await answererOf(stage)).toBe(hostname)
  })
})
