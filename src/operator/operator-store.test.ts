import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyMemory } from '../routing/contract.ts'
import { systemClock } from '../support/clock.ts'
import { OperatorStore } from './operator-store.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-operator-'))
  path = join(folder, 'kept.json')
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function reopened(): Promise<OperatorStore> {
  const store = new OperatorStore(path, systemClock)
  await store.load()
  return store
}

describe('the operator store', () => {
  it('has a word on disk before setWord resolves', async () => {
    const store = await reopened()
    await store.setWord('pi1:web:80', { state: 'drain', weight: 5 })
    const word = (await reopened()).words().get('pi1:web:80')
    expect(word).toMatchObject({ state: 'drain', weight: 5 })
  })

  it('takes state and weight back one by one, and forgets the word with the last', async () => {
    const store = await reopened()
    await store.setWord('pi1:web:80', { state: 'maint', weight: 5 })
    await store.setWord('pi1:web:80', { state: 'ready' })
    expect(store.words().get('pi1:web:80')).toMatchObject({ state: undefined, weight: 5 })
    await store.setWord('pi1:web:80', { weight: null })
    expect(store.words().size).toBe(0)
    expect((await reopened()).words().size).toBe(0)
  })

  it('does not count a word that cannot be written', async () => {
    const store = new OperatorStore(join(folder, 'missing', 'kept.json'), systemClock)
    await expect(store.setWord('pi1:web:80', { state: 'drain' })).rejects.toMatchObject({
      code: 'state_unwritable',
    })
    expect(store.words().size).toBe(0)
  })

  it('counts none of several words given at once that cannot be written', async () => {
    const store = new OperatorStore(join(folder, 'missing', 'kept.json'), systemClock)
    const words = ['a', 'b', 'c'].map((id) => store.setWord(id, { state: 'drain' }))
    const results = await Promise.allSettled(words)
    expect(results.every(({ status }) => status === 'rejected')).toBe(true)
    expect(store.words().size).toBe(0)
  })

  it("keeps routing's memory and the probed endpoints", async () => {
    const store = await reopened()
    const memory = { ...emptyMemory, defaultService: 'web', hosts: { 'a.example.org': 'web' } }
    store.keep(memory, ['x', 'y'])
    await store.flush()
    const again = await reopened()
    expect(again.memory()).toEqual(memory)
    expect(again.accepted()).toEqual(['x', 'y'])
  })

  it('keeps what is said about names that every JavaScript object has', async () => {
    const names = ['__proto__', 'constructor', 'prototype', 'toString']
    const store = await reopened()
    for (const name of names) await store.setWord(name, { state: 'drain' })
    const known = { labels: {}, emptySinceMs: undefined, firstRoutedMs: 1 }
    const memory = {
      ...emptyMemory,
      hosts: Object.fromEntries(names.map((name) => [name, 'web'])),
      services: Object.fromEntries(names.map((name) => [name, known])),
    }
    store.keep(memory, [])
    await store.flush()
    const again = await reopened()
    expect(again.problems()).toEqual([])
    expect([...again.words().keys()]).toEqual(names)
    expect(Object.keys(again.memory().hosts)).toEqual(names)
    expect(Object.keys(again.memory().services)).toEqual(names)
  })

  it('refuses a damaged file by name and keeps it aside', async () => {
    await writeFile(path, '{"version":7}')
    const store = await reopened()
    expect(store.words().size).toBe(0)
    expect(store.problems()[0]?.what).toContain('kept.json was refused')
    expect(await readdir(folder)).toEqual(['kept.json.refused'])
  })
})
