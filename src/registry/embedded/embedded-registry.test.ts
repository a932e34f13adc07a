import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sampleCandidate, sampleEndpoint } from '../../../test/support/samples.ts'
import type { Observation } from '../../model/candidate.ts'
import type { Cause } from '../../model/snapshot.ts'
import { systemClock } from '../../support/clock.ts'
import { EmbeddedRegistry } from './embedded-registry.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot-file.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-registry-'))
  path = join(folder, 'registry.snapshot')
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

function observation(values: Partial<Observation>): Observation {
  return {
    source: 'docker:pi1',
    isComplete: false,
    upserts: [],
    removals: [],
    cause: 'test',
    eventAtMs: undefined,
    ...values,
  }
}

const web1 = sampleCandidate([sampleEndpoint({ id: 'pi1:web-1:80' })])
const web2 = sampleCandidate([sampleEndpoint({ id: 'pi1:web-2:80', address: '10.0.0.2' })])
const api1 = sampleCandidate([sampleEndpoint({ id: 'pi1:api-1:80', service: 'api' })])

describe('the embedded registry', () => {
  it('groups endpoints by service, sorted by id, and counts revisions', () => {
    const registry = new EmbeddedRegistry(path, systemClock)
    registry.accept(observation({ upserts: [web2, api1] }))
    registry.accept(observation({ upserts: [web1] }))
    const { revision, services } = registry.snapshot()
    expect(revision).toBe(2)
    expect([...services.keys()].sort()).toEqual(['api', 'web'])
    expect(services.get('web')?.endpoints.map((each) => each.id)).toEqual([
      'pi1:web-1:80',
      'pi1:web-2:80',
    ])
  })

  it('keeps the object of a service that did not change', () => {
    const registry = new EmbeddedRegistry(path, systemClock)
    registry.accept(observation({ upserts: [web1, api1] }))
    const before = registry.snapshot().services
    registry.accept(observation({ upserts: [web2] }))
    const after = registry.snapshot().services
    expect(after.get('api')).toBe(before.get('api'))
    expect(after.get('web')).not.toBe(before.get('web'))
  })

  it('makes no revision of a full list that brings nothing new', () => {
    const registry = new EmbeddedRegistry(path, systemClock)
    registry.accept(observation({ upserts: [web1, api1], isComplete: true }))
    const before = registry.snapshot()
    registry.accept(
      observation({ upserts: [structuredClone(web1), structuredClone(api1)], isComplete: true }),
    )
    expect(registry.snapshot()).toBe(before)
  })

  it('removes what a complete list does not name, but only of that source', () => {
    const registry = new EmbeddedRegistry(path, systemClock)
    registry.accept(observation({ upserts: [web1, web2] }))
    registry.accept(observation({ source: 'api', upserts: [api1] }))
    registry.accept(observation({ upserts: [web2], isComplete: true }))
    const { services } = registry.snapshot()
    expect(services.get('web')?.endpoints.map((each) => each.id)).toEqual(['pi1:web-2:80'])
    expect(services.get('api')?.endpoints).toHaveLength(1)
  })

  it('leaves an endpoint id with the one that started first, and names the other', () => {
    const registry = new EmbeddedRegistry(path, systemClock)
    const younger = sampleCandidate([sampleEndpoint({ startedAtMs: 2_000, address: '10.9.9.9' })])
    registry.accept(observation({ source: 'docker:other', upserts: [younger] }))
    registry.accept(observation({ upserts: [web1] }))
    expect(registry.snapshot().services.get('web')?.endpoints[0]?.address).toBe('10.0.0.1')
    expect(registry.snapshot().problems[0]?.what).toContain('already has the endpoint id')
    registry.accept(observation({ removals: [web1.key] }))
    expect(registry.snapshot().services.get('web')?.endpoints[0]?.address).toBe('10.9.9.9')
    expect(registry.snapshot().problems).toEqual([])
  })

  it('gives a slow reader the newest snapshot with all causes', async () => {
    const registry = new EmbeddedRegistry(path, systemClock)
    const controller = new AbortController()
    const changes = registry.changes(controller.signal)
    const first = changes.next()
    registry.accept(observation({ upserts: [web1], cause: 'start web-1' }))
    expect((await first).value).toMatchObject([{ what: 'start web-1' }])
    registry.accept(observation({ upserts: [web2], cause: 'start web-2' }))
    registry.accept(observation({ upserts: [api1], cause: 'start api-1' }))
    const second = (await changes.next()).value as readonly Cause[]
    expect(registry.snapshot().services.size).toBe(2)
    expect(second.map((cause) => cause.what)).toEqual(['start web-2', 'start api-1'])
    controller.abort()
    expect((await changes.next()).done).toBe(true)
  })
})

describe('the snapshot file', () => {
  it('brings a restarted registry back to the last state', async () => {
    const before = new EmbeddedRegistry(path, systemClock)
    before.accept(observation({ upserts: [web1, api1] }))
    await before.flush()
    const after = new EmbeddedRegistry(path, systemClock)
    await after.load()
    expect(after.snapshot().services).toEqual(before.snapshot().services)
    expect(after.candidatesOf('docker:pi1')).toEqual([web1, api1])
    expect(after.isFromBeforeBoot).toBe(false)
  })

  it('tells when it is from before the machine was started', async () => {
    const contents = new Map([['docker:pi1', new Map([[web1.key, web1]])]])
    await writeFile(path, encodeSnapshot(contents, 'another boot'))
    const registry = new EmbeddedRegistry(path, systemClock)
    await registry.load()
    expect(registry.isFromBeforeBoot).toBe(true)
    expect(registry.candidatesOf('docker:pi1')).toEqual([web1])
  })

  it('is refused by name and kept aside when it is torn', async () => {
    const whole = encodeSnapshot(new Map([['docker:pi1', new Map([[web1.key, web1]])]]))
    await writeFile(path, whole.slice(0, -20))
    const registry = new EmbeddedRegistry(path, systemClock)
    await registry.load()
    expect(registry.snapshot().services.size).toBe(0)
    expect(registry.problems()[0]?.what).toContain('torn')
    expect(await readdir(folder)).toEqual(['registry.snapshot.refused'])
  })

  it('is refused by name when it is from a newer version', async () => {
    await writeFile(path, 'fairlead-snapshot 99 0\n{}\n')
    const registry = new EmbeddedRegistry(path, systemClock)
    await registry.load()
    expect(registry.problems()[0]?.what).toContain('version 99')
    expect(await readFile(`${path}.refused`, 'utf8')).toContain('fairlead-snapshot 99')
  })

  it('loads whole or is refused, wherever it is cut', () => {
    const contents = new Map([
      ['docker:pi1', new Map([web1, web2].map((each) => [each.key, each]))],
      ['api', new Map([[api1.key, api1]])],
    ])
    const whole = encodeSnapshot(contents)
    expect(decodeSnapshot(whole).contents).toEqual(contents)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (length) => {
        expect(() => decodeSnapshot(whole.slice(0, length))).toThrow()
      }),
    )
  })

  it('is refused when one byte is another', () => {
    const whole = encodeSnapshot(new Map([['docker:pi1', new Map([[web1.key, web1]])]]))
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (at) => {
        const other = whole[at] === 'x' ? 'y' : 'x'
        expect(() => decodeSnapshot(whole.slice(0, at) + other + whole.slice(at + 1))).toThrow()
      }),
    )
  })

  it('stays whole, with the problem on show, when it cannot be written', async () => {
    const registry = new EmbeddedRegistry(join(folder, 'missing', 'file'), systemClock)
    registry.accept(observation({ upserts: [web1] }))
    await registry.flush()
    expect(registry.problems()[0]?.what).toContain('cannot write')
    expect(registry.snapshot().services.size).toBe(1)
  })
})
