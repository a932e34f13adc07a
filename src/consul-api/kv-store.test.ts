import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Indexes } from './indexes.ts'
import { keptKeys, restoredKeys } from './kept-keys.ts'
import { KvStore } from './kv-store.ts'
import { kvTopics, touchedTopics } from './kv-topics.ts'

const key = fc.stringMatching(/^[ab/]{1,4}$/)
const step = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), key, value: fc.constantFrom('1', '2') }),
  fc.record({ kind: fc.constant('delete' as const), key }),
  fc.record({ kind: fc.constant('deleteUnder' as const), key: fc.constantFrom('', 'a', 'b/') }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const prefixes = ['', 'a', 'b/', 'ab', 'zzz']

function apply(store: KvStore, change: Step): void {
  if (change.kind === 'put') store.put(change.key, Buffer.from(change.value), 0)
  else if (change.kind === 'delete') store.delete(change.key)
  else store.deleteUnder(change.key)
}

it('wakes for a prefix, and raises its index, exactly when something under it has changed', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let touched = new Set<string>()
      const store = new KvStore(new Indexes(100), (keys) => {
        touched = touchedTopics(keys, prefixes.map(kvTopics.prefix))
      })
      const model = new Map<string, string>()
      for (const change of steps) {
        const before = prefixes.map((prefix) => [content(model, prefix), store.indexUnder(prefix)])
        touched = new Set()
        applyToModel(model, change)
        apply(store, change)
        for (const [at, prefix] of prefixes.entries()) {
          const [was, index] = before[at] as [string, number]
          const now = content(model, prefix)
          expect(JSON.stringify(storeContent(store, prefix))).toBe(now)
          expect(touched.has(kvTopics.prefix(prefix))).toBe(was !== now)
          expect(store.indexUnder(prefix)).toBeGreaterThanOrEqual(index)
          if (was !== now) expect(store.indexUnder(prefix)).toBeGreaterThan(index)
        }
      }
    }),
  )
})

it('touches only prefixes that are waited on, however long a key is', () => {
  const long = 'k'.repeat(15_000)
  const waitedOn = [kvTopics.prefix('kk'), kvTopics.key('kkk'), 'services']
  expect([...touchedTopics([long, 'k'], waitedOn)]).toEqual([
    kvTopics.key(long),
    kvTopics.prefix('kk'),
    kvTopics.key('k'),
  ])
})

it('is the same after it was kept and restored, and counts its bytes', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const store = new KvStore(new Indexes(100), () => undefined)
      for (const change of steps) apply(store, change)
      const again = new KvStore(new Indexes(1000), () => undefined)
      again.restore(restoredKeys(JSON.parse(JSON.stringify(keptKeys(store, 5)))))
      expect([...again.entries()]).toEqual([...store.entries()])
      expect(again.bytes).toBe(store.bytes)
      const bytes = [...store.entries()].map((each) => each.key.length + each.value.length)
      expect(store.bytes).toBe(bytes.reduce((sum, each) => sum + each, 0))
    }),
  )
})

it('forgets single deletions in the end, and still never takes an index back', () => {
  const store = new KvStore(new Indexes(100), () => undefined)
  store.put('first/a', Buffer.from('1'), 0)
  store.put('first/b', Buffer.from('1'), 0)
  store.delete('first/a')
  const index = store.indexUnder('first/')
  for (let count = 0; count < 10_100; count++) {
    store.put(`other/${count}`, Buffer.from('1'), 0)
    store.delete(`other/${count}`)
  }
  expect(store.indexUnder('first/')).toBeGreaterThanOrEqual(index)
})

function applyToModel(model: Map<string, string>, change: Step): void {
  if (change.kind === 'put') model.set(change.key, change.value)
  else if (change.kind === 'delete') model.delete(change.key)
  else for (const each of model.keys()) if (each.startsWith(change.key)) model.delete(each)
}

function content(model: ReadonlyMap<string, string>, prefix: string): string {
  const entries = [...model].filter(([each]) => each.startsWith(prefix))
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function storeContent(store: KvStore, prefix: string): unknown {
  return store.keysUnder(prefix).map((each) => [each, store.get(each)?.value.toString()])
}
