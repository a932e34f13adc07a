import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Dependency } from '../dependency.ts'
import {
  datacentersDependency,
  fileDependency,
  parseHealthQuery,
  parseKeyQuery,
  parseKeysQuery,
  parseNodeQuery,
  parseNodesQuery,
  parseServicesQuery,
} from '../functions/queries.ts'
import { textOfBytes } from '../go/byte-text.ts'
import { OfflineDataError, readOfflineData } from './offline-knowledge.ts'

/** As curl prints it from /v1/health/service/web, cut to one entry. */
const entry = {
  Node: {
    ID: '00000101-0000-4000-8000-000000000101',
    Node: 'web-01',
    Address: '10.1.0.11',
    Datacenter: 'dc1',
    TaggedAddresses: { lan: '10.1.0.11' },
    Meta: null,
    CreateIndex: 11,
    ModifyIndex: 12,
  },
  Service: {
    ID: 'web-1',
    Service: 'web',
    Tags: ['v1', 'Http'],
    Address: '',
    TaggedAddresses: { wan: { Address: '198.51.100.1', Port: 17000 } },
    Meta: { version: '1' },
    Port: 8080,
    Weights: { Passing: 10, Warning: 1 },
    EnableTagOverride: false,
    Proxy: { Mode: '' },
  },
  Checks: [
    { Node: 'web-01', CheckID: 'serfHealth', Name: 'Serf', Status: 'passing', ServiceTags: [] },
    { Node: 'web-01', CheckID: 'service:web-1', Status: 'warning', ServiceID: 'web-1' },
  ],
}

const bytes = Buffer.of(0x61, 0xff)

const { knowledge } = readOfflineData({
  consul: {
    datacenters: ['dc2', 'dc1'],
    agent: 'web-01',
    services: { web: [entry] },
    nodes: [{ Node: 'alone', Address: '10.0.0.9', Datacenter: 'dc2' }],
    kv: [
      { Key: 'b', Value: null, Flags: 0, CreateIndex: 1, ModifyIndex: 2, LockIndex: 0 },
      { Key: 'a/x', Value: bytes.toString('base64'), Flags: 7 },
    ],
  },
})

const health = (query: string) => knowledge.recall(parseHealthQuery('health.service', query))
const ids = (query: string) => health(query)?.map(({ ID }) => ID)

describe('what Consul printed', () => {
  it('is pasted and read', () => {
    expect(health('web|any')).toMatchObject([
      {
        Node: 'web-01',
        NodeMeta: new Map(),
        Address: '10.1.0.11',
        ServiceTaggedAddresses: new Map([['wan', { Address: '198.51.100.1', Port: 17000 }]]),
        Tags: ['Http', 'v1'],
        Status: 'warning',
        Weights: { Passing: 10, Warning: 1 },
      },
    ])
    expect(knowledge.recall(parseKeysQuery('a'))).toEqual([
      {
        Path: 'a/x',
        Key: 'x',
        Value: textOfBytes(bytes),
        CreateIndex: 0n,
        ModifyIndex: 0n,
        LockIndex: 0n,
        Flags: 7n,
        Session: '',
      },
    ])
  })

  it('gives the same objects each time', () => {
    expect(health('web|any')).toBe(health('web|any'))
    expect(health('web|any')?.[0]).toBe(health('web|warning')?.[0])
  })
})

describe('a question', () => {
  it.each([
    ['web', []],
    ['web|warning', ['web-1']],
    ['WEB|any', ['web-1']],
    ['http.web|any', ['web-1']],
    ['v2.web|any', []],
    ['web@dc1|any', ['web-1']],
    ['web@dc2|any', []],
    ['web@dc9|any', undefined],
    ['web?ns=other|any', undefined],
    ['nosuch', []],
  ])('for the service %s is answered with %j', (query, expected) => {
    expect(ids(query)).toEqual(expected)
  })

  it.each<[Dependency, unknown]>([
    [parseServicesQuery(''), [{ Name: 'web', Tags: ['Http', 'v1'] }]],
    [datacentersDependency(false), ['dc1', 'dc2']],
    [parseKeyQuery('kv.block', 'b'), ''],
    [parseKeyQuery('kv.block', 'no'), undefined],
    [parseKeyQuery('kv.get', 'no'), { text: undefined }],
    [parseKeyQuery('kv.get', 'b@dc1'), { text: '' }],
    [parseNodeQuery('nosuch'), { Node: undefined, Services: [] }],
  ])('is answered: %j', (dependency, expected) => {
    expect(knowledge.recall(dependency)).toEqual(expected)
  })

  it('for nodes finds those of services and those that are alone', () => {
    const names = (query: string) =>
      knowledge.recall(parseNodesQuery(query))?.map(({ Node }) => Node)
    expect(names('')).toEqual(['alone', 'web-01'])
    expect(names('@dc2')).toEqual(['alone'])
    expect(knowledge.recall(parseNodeQuery('alone'))?.Services).toEqual([])
  })

  it("for the agent's node is answered with the one that is named", () => {
    const own = knowledge.recall(parseNodeQuery(''))
    expect(own?.Node?.Node).toBe('web-01')
    expect(own?.Services.map(({ ID }) => ID)).toEqual(['web-1'])
  })

  it('for a file is answered from the disk', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-offline-'))
    try {
      const path = join(folder, 'a')
      writeFileSync(path, bytes)
      expect(knowledge.recall(fileDependency('a', path))).toBe(textOfBytes(bytes))
      expect(knowledge.recall(fileDependency('b', join(folder, 'b')))).toBeUndefined()
      expect(knowledge.recall(fileDependency('c', '/dev/zero'))).toBeUndefined()
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('a JSON file', () => {
  it.each([[null], [3], ['text'], [[1]], [{ name: 'a' }], [{ consul: {} }]])(
    'may be any value: %j',
    (json) => {
      const { dot, knowledge: empty } = readOfflineData(json)
      expect(empty.recall(parseHealthQuery('health.service', 'web'))).toEqual([])
      expect(dot === null).toBe(json === null)
    },
  )

  it.each([
    [
      { consul: { services: { web: [{ ...entry, Service: { ID: 'a' } }] } } },
      'consul.services.web.0.Service.Service: ',
    ],
    [{ consul: { kv: { a: 1 } } }, 'consul.kv: '],
    [{ consul: { service: {} } }, 'consul.service: is not one of datacenters, agent, services, '],
    [{ consul: 3 }, 'consul: '],
  ])('with a mistake says where it is: %j', (json, where) => {
    let message = ''
    try {
      readOfflineData(json)
    } catch (error) {
      expect(error).toBeInstanceOf(OfflineDataError)
      message = (error as OfflineDataError).message
    }
    expect(message.startsWith(where), message).toBe(true)
  })
})
