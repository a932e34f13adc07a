import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FairleadError } from '../../model/errors.ts'
import { parseKeyQuery, parseKeysQuery, parseNodeQuery } from '../functions/queries.ts'
import { nodeServicesRecord } from '../records/catalog-records.ts'
import { pairRecords } from '../records/pair-records.ts'
import { openSnapshot, snapshotText, type SavedAnswer } from './snapshot.ts'

const list = parseKeysQuery('a')
const key = parseKeyQuery('kv.get', 'odd')
const node = parseNodeQuery('n')

const answers: readonly SavedAnswer[] = [
  {
    name: list.name,
    kind: list.kind,
    answer: pairRecords([{ Key: 'a/b', Value: 'eA==', ModifyIndex: 7 }], 'a'),
  },
  { name: key.name, kind: key.kind, answer: { text: 'not UTF-8: \udcff' } },
  {
    name: node.name,
    kind: node.kind,
    answer: nodeServicesRecord({
      Node: { Node: 'n', Address: '10.0.0.1', Meta: { map: 'a', int: '1' } },
      Services: { web: { ID: 'web', Service: 'web' } },
    }),
  },
]
const text = snapshotText(answers)

describe('a snapshot of answers', () => {
  it('gives back what was saved', () => {
    const known = openSnapshot(text)
    expect(known.recall(list)).toEqual(answers[0]?.answer)
    expect(known.recall(key)).toEqual({ text: 'not UTF-8: \udcff' })
    expect(known.recall(node)).toEqual(answers[2]?.answer)
    expect(known.recall(parseKeyQuery('kv.get', 'other'))).toBeUndefined()
    expect(known.recall(list)).toBe(known.recall(list))
  })

  it('is refused when it was cut at any byte, or changed at any', () => {
    const bytes = Buffer.from(text)
    for (let end = 0; end < bytes.length; end++) {
      expect(() => openSnapshot(bytes.subarray(0, end).toString())).toThrow(FairleadError)
    }
    const changes = fc.record({
      at: fc.nat(bytes.length - 1),
      by: fc.integer({ min: 1, max: 127 }),
    })
    fc.assert(
      fc.property(changes, ({ at, by }) => {
        const changed = Buffer.from(bytes)
        changed[at] = ((changed[at] ?? 0) ^ by) & 0x7f
        expect(() => openSnapshot(changed.toString())).toThrow(FairleadError)
      }),
    )
  })
})
