import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Dependency } from '../dependency.ts'
import { TemplateError } from '../template-error.ts'
import {
  datacentersDependency,
  fileDependency,
  parseHealthQuery,
  parseKeyQuery,
  parseKeysQuery,
  parseNodeQuery,
  parseNodesQuery,
  parseServicesQuery,
} from './queries.ts'

const service = (text: string) => parseHealthQuery('health.service', text)

const parsers: Readonly<Record<string, (text: string) => Dependency>> = {
  'health.service': service,
  'health.connect': (text) => parseHealthQuery('health.connect', text),
  'catalog.services': parseServicesQuery,
  'catalog.nodes': parseNodesQuery,
  'catalog.node': parseNodeQuery,
  'kv.block': (text) => parseKeyQuery('kv.block', text),
  'kv.get': (text) => parseKeyQuery('kv.get', text),
  'kv.list': parseKeysQuery,
}

function failureOf(parse: () => unknown): string {
  try {
    return expect.fail(`no error, but ${JSON.stringify(parse())}`)
  } catch (error) {
    if (error instanceof TemplateError) return error.message
    throw error
  }
}

describe('what services are asked for', () => {
  it.each([
    ['web', 'health.service(web|passing)', { service: 'web', tag: '', filters: ['passing'] }],
    ['a.b', 'health.service(a.b|passing)', { tag: 'a', service: 'b' }],
    ['v1.2.web', 'health.service(v1.2.web|passing)', { tag: 'v1.2', service: 'web' }],
    [
      'traefik.enable=true.app',
      'health.service(traefik.enable=true.app|passing)',
      { tag: 'traefik.enable=true' },
    ],
    [
      'web@dc1~_agent',
      'health.service(web@dc1~_agent|passing)',
      { datacenter: 'dc1', near: '_agent' },
    ],
    ['web|warning,any', 'health.service(web|any,warning)', { filters: ['any', 'warning'] }],
    ['web|passing,passing', 'health.service(web|passing)', { filters: ['passing'] }],
    ['web|,', 'health.service(web|passing)', { filters: ['passing'] }],
    [
      't.web?partition=p&ns=n@dc~x|any',
      'health.service(t.web?ns=n&partition=p@dc~x|any)',
      { scope: { namespace: 'n', partition: 'p' } },
    ],
    [
      'web?peer=a&sameness-group=b',
      'health.service(web?peer=a&sameness-group=b|passing)',
      { scope: { peer: 'a', samenessGroup: 'b' } },
    ],
  ])('%s is %s', (text, name, parts) => {
    expect(service(text)).toMatchObject({ name, ...parts })
  })

  it('names the mesh when it is asked for the mesh', () => {
    expect(parseHealthQuery('health.connect', 'web').name).toBe('health.connect(web|passing)')
  })

  it.each([
    '',
    'web|',
    'web|passing, warning',
    'web app',
    'web/x',
    'web@',
    'web|any|any',
    'wéb',
    'web\n',
  ])('%j is no such query', (text) => {
    expect(failureOf(() => service(text))).toBe(
      `health.service: invalid format: ${JSON.stringify(text)}`,
    )
  })

  it('knows its own filters and parameters only', () => {
    expect(failureOf(() => service('web|Passing'))).toBe(
      'health.service: invalid filter: "Passing" in "web|Passing"',
    )
    expect(failureOf(() => service('web?ns=a&zone=b'))).toBe(
      'health.service: invalid query parameter key "zone" in query "ns=a&zone=b": ' +
        'supported keys: ns,peer,partition,sameness-group',
    )
  })
})

describe('what else is asked for', () => {
  it.each([
    ['catalog.services', '', 'catalog.services', { datacenter: '' }],
    ['catalog.services', '@dc-1', 'catalog.services(@dc-1)', { datacenter: 'dc-1' }],
    ['catalog.nodes', '@dc1~n', 'catalog.nodes(@dc1~n)', { near: 'n' }],
    ['catalog.nodes', '?ns=a', 'catalog.nodes(?ns=a)', { scope: { namespace: 'a' } }],
    ['catalog.node', '', 'catalog.node', { node: '' }],
    ['catalog.node', 'a.b@dc1', 'catalog.node(a.b@dc1)', { node: 'a.b', datacenter: 'dc1' }],
    ['kv.block', '/a/b', 'kv.block(a/b)', { key: 'a/b' }],
    ['kv.block', '//double', 'kv.block(/double)', { key: '/double' }],
    ['kv.get', 'k|e~y:1 ü@dc1', 'kv.get(k|e~y:1 ü@dc1)', { key: 'k|e~y:1 ü', datacenter: 'dc1' }],
    ['kv.list', '/', 'kv.list(/)', { prefix: '/' }],
    ['kv.list', 'conf?ns=a@dc', 'kv.list(conf?ns=a@dc)', { prefix: 'conf', datacenter: 'dc' }],
  ] as const)('%s of %j is %s', (kind, text, name, parts) => {
    expect(parsers[kind]?.(text)).toMatchObject({ kind, name, ...parts })
  })

  it.each([
    ['catalog.services', 'web', 'catalog.services'],
    ['catalog.nodes', 'dc1', 'catalog.nodes'],
    ['catalog.node', '@dc1', 'catalog.node'],
    ['kv.block', 'a@b@c', 'kv.get'],
    ['kv.list', '@dc1', 'kv.list'],
  ] as const)('%s of %j is an invalid format', (kind, text, label) => {
    expect(failureOf(() => parsers[kind]?.(text))).toBe(`${label}: invalid format: "${text}"`)
  })

  it('tells apart all datacenters and those that answer', () => {
    expect(datacentersDependency(false).name).toBe('catalog.datacenters')
    expect(datacentersDependency(true).name).not.toBe('catalog.datacenters')
  })

  it('names a file as the template does', () => {
    expect(fileDependency('a.txt', '/b/a.txt')).toEqual({
      kind: 'file',
      name: 'file(a.txt)',
      path: '/b/a.txt',
    })
  })
})

const word = fc.stringMatching(/^[\w-]{1,6}$/)
const query = fc
  .tuple(
    fc.option(fc.stringMatching(/^[\w=:.-]{1,8}$/)),
    word,
    fc.constantFrom('', '?ns=a', '?peer=p&ns=b'),
    fc.option(word),
    fc.option(word),
    fc.subarray(['any', 'passing', 'warning', 'critical', 'maintenance']),
  )
  .map(([tag, name, scope, datacenter, near, filters]) =>
    [
      tag === null ? '' : `${tag}.`,
      name + scope,
      datacenter === null ? '' : `@${datacenter}`,
      near === null ? '' : `~${near}`,
      filters.length === 0 ? '' : `|${filters.join(',')}`,
    ].join(''),
  )

describe('any query', () => {
  it('is a dependency or a TemplateError', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom('a', '.', '@', '~', '|', '?', '=', '&', ',', '/', '%', '\ud800'),
      }),
      query,
    )
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(parsers)), texts, (kind, text) => {
        try {
          expect(parsers[kind]?.(text).kind).toBe(kind)
        } catch (error) {
          expect(error).toBeInstanceOf(TemplateError)
        }
      }),
    )
  })

  it('of a service is the same dependency as its canonical name is', () => {
    fc.assert(
      fc.property(query, (text) => {
        const parsed = service(text)
        expect(service(parsed.name.slice('health.service('.length, -1))).toEqual(parsed)
      }),
    )
  })

  it('of a key is the same dependency as its canonical name is, but for a leading slash', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[^/@?][^@?]*(@[\w.-]+)?$/), (text) => {
        const parsed = parseKeysQuery(text)
        expect(parseKeysQuery(parsed.name.slice('kv.list('.length, -1))).toEqual(parsed)
      }),
    )
  })
})
