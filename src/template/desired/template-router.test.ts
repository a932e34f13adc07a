import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MemoryKnowledge } from '../../../test/support/memory-knowledge.ts'
import { container, endpoint, routingInput, snapshotOf } from '../../../test/support/routing.ts'
import { ConfigRejectedError } from '../../haproxy/runtime/errors.ts'
import type { RoutingInput, RoutingResult } from '../../routing/contract.ts'
import type { DependencySource } from '../contract.ts'
import { createProgram } from '../render/program.ts'
import type { Program } from '../render/program.ts'
import { TemplateRouter } from './template-router.ts'

const managed = { socket: '/s/haproxy.sock', hardStopMs: 60_000, mostOldWorkers: 50 }
const surroundings = {
  environment: () => undefined,
  now: () => new Date(0),
  workingFolder: '/',
  sandboxPath: undefined,
  hasEffects: false,
}

function program(text: string, name = 'haproxy.ctmpl'): Program {
  return createProgram(text, { name, surroundings })
}

function guide(edition: 'by-name' | 'by-port'): string {
  const path = new URL(`../../../test/support/guide/${edition}.ctmpl`, import.meta.url)
  return readFileSync(path, 'utf8')
}

function routerOf(
  source: DependencySource,
  config: string,
  { files = {}, previous }: { files?: Record<string, string>; previous?: string } = {},
): TemplateRouter {
  const programs = Object.entries(files).map(([path, text]) => [path, program(text, path)] as const)
  const templates = { config: program(config), files: new Map(programs) }
  return new TemplateRouter({ templates, source, managed, previous })
}

function serversIn({ desired }: RoutingResult): readonly string[] {
  return desired.config.match(/(?<=^ *)server .*$/gm) ?? []
}

const nothing = routingInput([])

function inputOf(changes: Partial<RoutingInput>): RoutingInput {
  return { ...nothing, ...changes }
}

const web =
  'backend web\n{{range service "web"}}  server s-{{.Address}} {{.Address}}:{{.Port}}\n{{end}}'

describe('a template in the place of routing', () => {
  it('gives nothing before all that it asks for is known, and follows just that', () => {
    const source = new MemoryKnowledge()
    const router = routerOf(source, guide('by-port'))
    expect(router.prepare()).toBe(false)
    expect(source.followed).toEqual(['catalog.services'])
    expect(router.problems()).toMatchObject([
      { where: 'template haproxy.ctmpl', what: 'waits for catalog.services' },
    ])
    source.services('web', 'db')
    expect(router.prepare()).toBe(false)
    source.instances('web', '10.0.1.7:80')
    source.instances('db', '10.0.1.9:5432')
    expect(router.prepare()).toBe(true)
    expect(router.problems()).toEqual([])
    expect(source.followed).toHaveLength(3)
    expect(serversIn(router.route(nothing))).toEqual(['server node 10.0.1.7:80 maxconn 3'])
  })

  it('keeps the lines of the text, and puts what fairlead needs behind it', () => {
    const text = 'global\n  hard-stop-after 5s\nbackend b'
    const router = routerOf(new MemoryKnowledge(), text)
    router.prepare()
    expect(router.route(nothing).desired.config).toBe(
      `${text}\nglobal\n` +
        '    # Added by fairlead; everything above is as the template gives it.\n' +
        '    stats socket /s/haproxy.sock mode 600 level admin expose-fd listeners\n' +
        '    mworker-max-reloads 50\n',
    )
  })

  it('leaves what was there when something is not known any more, or an evaluation stops', () => {
    const source = new MemoryKnowledge()
    const router = routerOf(
      source,
      `${web}{{if eq (key "mode") "x"}}{{index (service "web") 9}}{{end}}`,
    )
    source.instances('web', '10.0.1.7:80')
    source.say('kv.block(mode)', 'y')
    expect(router.prepare()).toBe(true)
    source.say('kv.block(mode)', 'x')
    source.instances('web', '10.0.1.8:80')
    expect(serversIn(router.route(nothing))).toEqual(['server s-10.0.1.7 10.0.1.7:80'])
    expect(router.problems()).toMatchObject([
      { what: expect.stringMatching(/^haproxy\.ctmpl:3:\d+: .*index/) },
    ])
    source.say('kv.block(mode)', 'y')
    expect(serversIn(router.route(nothing))).toEqual(['server s-10.0.1.8 10.0.1.8:80'])
  })

  it('throws at the start what keeps it from ever giving anything', () => {
    expect(() =>
      routerOf(new MemoryKnowledge(), '{{index (datacenters | len) 1}}').prepare(),
    ).not.toThrow()
    expect(() => routerOf(new MemoryKnowledge(), '{{index 1 2}}').prepare()).toThrow(/index/)
    expect(() => routerOf(new MemoryKnowledge(), 'backend "b\n').prepare()).toThrow(/line 1/)
    expect(() => routerOf(new MemoryKnowledge(), '').prepare()).toThrow(/no section/)
  })

  it('does not take everything away for an output that is empty', () => {
    const source = new MemoryKnowledge()
    const router = routerOf(source, `{{if key "on"}}backend b\n{{end}}# end\n`)
    source.say('kv.block(on)', '1')
    expect(router.prepare()).toBe(true)
    source.say('kv.block(on)', '')
    expect(router.route(nothing).desired.config).toContain('backend b\n')
    expect(router.problems()).toMatchObject([{ what: expect.stringContaining('no section') }])
  })

  it('takes other templates without losing what the ones before gave', () => {
    const source = new MemoryKnowledge()
    const router = routerOf(source, web)
    source.instances('web', '10.0.1.7:80')
    router.prepare()
    router.replace({ config: program('backend other\n{{key "k"}}\n'), files: new Map() })
    expect(serversIn(router.route(nothing))).toEqual(['server s-10.0.1.7 10.0.1.7:80'])
    source.say('kv.block(k)', '  server a 10.0.0.1:1')
    expect(router.route(nothing).desired.config).toMatch(/^backend other\n {2}server a/)
  })

  it('says of a line that HAProxy refuses which it is and where it comes from', () => {
    const source = new MemoryKnowledge()
    const router = routerOf(source, web)
    source.instances('web', '10.0.1.7:80', '10.0.1.8:80')
    router.prepare()
    const { desired } = router.route(nothing)
    const message = { level: 'alert', file: '', line: 3, text: 'no' } as const
    const error = new ConfigRejectedError('HAProxy rejects it', [message])
    expect(router.explain(error, desired)).toMatchObject({
      code: 'config_rejected',
      message: 'HAProxy rejects it (line 3: server s-10.0.1.8 10.0.1.8:80, from haproxy.ctmpl:2)',
    })
    expect(router.explain(error, { ...desired })).toBe(error)
    source.instances('web', '10.0.1.6:80', '10.0.1.7:80', '10.0.1.8:80')
    expect(router.explain(error, desired)).toMatchObject({
      message: 'HAProxy rejects it (line 3: server s-10.0.1.8 10.0.1.8:80)',
    })
  })
})

describe('files that the configuration names', () => {
  const config = 'frontend f\n  use_backend %[req.hdr(host),map(/m/hosts.map)]\n'

  it('are part of what is wanted, each by a template of its own', () => {
    const source = new MemoryKnowledge()
    const router = routerOf(source, config, { files: { '/m/hosts.map': '{{key "hosts"}}' } })
    expect(router.prepare()).toBe(false)
    source.say('kv.block(hosts)', 'a b\n')
    expect(router.prepare()).toBe(true)
    expect([...router.route(nothing).desired.files]).toEqual([['/m/hosts.map', 'a b\n']])
  })

  it('are a problem on show where the configuration does not name them', () => {
    const router = routerOf(new MemoryKnowledge(), config, { files: { '/m/other': 'x' } })
    router.prepare()
    const { desired, problems } = router.route(nothing)
    expect(desired.files.size).toBe(0)
    expect(problems).toMatchObject([{ where: 'template /m/other' }])
  })
})

describe('names of servers that are given twice', () => {
  it('are made of name and address, and stay so when only one is left', () => {
    const source = new MemoryKnowledge()
    const router = routerOf(source, guide('by-name'))
    source.instances('armhf-demowebserver', '10.0.1.7:80', '10.0.1.8:81')
    router.prepare()
    const both = router.route(nothing)
    expect(serversIn(both)).toEqual([
      'server node-1-10.0.1.7:80 10.0.1.7:80 maxconn 3',
      'server node-1-10.0.1.8:81 10.0.1.8:81 maxconn 3',
    ])
    expect(both.problems).toMatchObject([
      { where: 'template, backend builder', what: expect.stringContaining('node-1-10.0.1.7:80') },
    ])
    source.instances('armhf-demowebserver', '10.0.1.8:81')
    const one = router.route(nothing)
    expect(serversIn(one)).toEqual(['server node-1-10.0.1.8:81 10.0.1.8:81 maxconn 3'])
    const next = routerOf(source, guide('by-name'), { previous: one.desired.config })
    next.prepare()
    expect(serversIn(next.route(nothing))).toEqual(serversIn(one))
  })

  it('are unique even with equal addresses and names that look made', () => {
    const servers = [
      'a [::1]:80',
      'a [::1]:80',
      'a-::1:80 10.0.0.1:80',
      'a unix@/x',
      'b 10.0.0.2:80',
    ]
    const lines = servers.map((each) => `  server ${each}\n`).join('')
    const router = routerOf(
      new MemoryKnowledge(),
      `backend b\n${lines}listen l\n  server a 10.0.0.9:1\n`,
    )
    router.prepare()
    const names = serversIn(router.route(nothing)).map((line) => line.split(' ')[1])
    expect(new Set(names.slice(0, 5)).size).toBe(5)
    expect(names[2]).toBe('a-::1:80')
    expect(names[4]).toBe('b')
    expect(names[5]).toBe('a')
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_.:-]+$/)
  })
})

describe('instances that a template knows before the registry', () => {
  it('wait until they accept a connection, and need not be seen again when the registry has them', () => {
    const source = new MemoryKnowledge()
    const router = routerOf(source, web)
    source.instances('web', '10.0.1.7:80')
    router.prepare()
    const early = router.route(inputOf({ hasAccepted: () => false }))
    expect(early.unproven).toMatchObject([{ address: '10.0.1.7', port: 80, service: 'web' }])
    expect([...early.desired.servers.values()]).toEqual(['maint'])
    const [stranger] = early.unproven
    const isStranger = (endpoint: unknown): boolean => endpoint === stranger
    expect(router.route(inputOf({ hasAccepted: isStranger })).desired.servers.size).toBe(0)
    const known = endpoint('web-1', { address: '10.0.1.7', port: 80 })
    const snapshot = snapshotOf(container('c', known))
    const late = router.route(inputOf({ snapshot, hasAccepted: isStranger }))
    expect(late.desired.servers.size).toBe(0)
    expect(late.placements.get(known.id)).toMatchObject({ admin: 'ready' })
    const next = snapshotOf(container('c', { ...known, identity: 'another' }))
    const other = router.route(inputOf({ snapshot: next, hasAccepted: isStranger }))
    expect(other.unproven).toHaveLength(1)
  })
})

describe('endpoints, found in the text by address', () => {
  const shop = endpoint('shop', { address: '10.0.1.7', port: 80 })
  const other = endpoint('other', { address: '10.0.1.9', port: 80 })
  const snapshot = snapshotOf(container('c1', shop), container('c2', other))
  const text = 'backend b\n  server x 10.0.1.7:80 weight 5 # here\n  server y 10.0.0.1:1 disabled\n'

  function route(changes: Partial<RoutingInput>): RoutingResult {
    const router = routerOf(new MemoryKnowledge(), text)
    router.prepare()
    return router.route(inputOf({ snapshot, hasAccepted: () => true, ...changes }))
  }

  it('have a place in it or none', () => {
    const { placements, routes, desired } = route({})
    expect(placements.get(shop.id)).toMatchObject({ isRouted: true, backend: 'b', server: 'x' })
    expect(placements.get(other.id)).toMatchObject({
      isRouted: false,
      decisions: [{ what: "10.0.1.9:80 is not in the template's output" }],
    })
    expect(routes).toMatchObject([{ service: 'app', backend: 'b' }])
    expect([...desired.servers]).toEqual([['b/y', 'maint']])
    expect(desired.config.startsWith(text)).toBe(true)
  })

  it("follow an operator's words, in the text too", () => {
    const words = new Map([[shop.id, { state: 'drain', weight: 9, sinceMs: 0 } as const]])
    const { desired } = route({ words })
    expect(desired.servers.get('b/x')).toBe('drain')
    expect(serversIn({ desired } as RoutingResult)[0]).toBe(
      'server x 10.0.1.7:80 disabled weight 9 # here',
    )
  })

  it('wait in maintenance until they were seen to accept a connection', () => {
    const { desired, unproven, placements } = route({ hasAccepted: () => false })
    expect(unproven).toEqual([shop])
    expect(desired.servers.get('b/x')).toBe('maint')
    expect(desired.config).toContain('server x 10.0.1.7:80 disabled weight 5')
    expect(placements.get(shop.id)).toMatchObject({ reason: 'not yet seen to accept a connection' })
  })
})
