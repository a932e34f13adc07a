import { describe, expect, it } from 'vitest'
import { parseHealthQuery, parseKeyQuery, parseNodesQuery } from '../functions/queries.ts'
import { arrange } from './arrangement.ts'
import { topicOf, type Topic } from './topic.ts'

const services = (count: number): readonly Topic[] =>
  Array.from({ length: count }, (_, at) => topicOf(parseHealthQuery('health.service', `app${at}`)))
const key = (path: string): Topic => topicOf(parseKeyQuery('kv.get', path))
const keys = (count: number, path: (at: number) => string): readonly Topic[] =>
  Array.from({ length: count }, (_, at) => key(path(at)))

const none = new Set<string>()
const foldersOf = (topics: readonly Topic[], unfit = none) =>
  [...new Set(arrange(topics, 40, false, unfit).folders.values())].toSorted()

describe('how topics are asked for', () => {
  it('is each service by itself as long as there is room, and together beyond', () => {
    expect(arrange(services(40), 40, false, none).isFolded).toBe(false)
    expect(arrange(services(41), 40, false, none).isFolded).toBe(true)
    expect(arrange([...services(40), topicOf(parseNodesQuery(''))], 40, false, none).isFolded).toBe(
      true,
    )
    expect(arrange(services(1000), Infinity, false, none).isFolded).toBe(false)
  })

  it('stays together until a quarter of the room is free again', () => {
    expect(arrange(services(31), 40, true, none).isFolded).toBe(true)
    expect(arrange(services(30), 40, true, none).isFolded).toBe(false)
  })

  it('is a key by itself where there are few', () => {
    expect(foldersOf(keys(8, (at) => `conf/${at}`))).toEqual([])
  })

  it('is many keys by the folders they share', () => {
    const topics = [
      ...keys(5, (at) => `conf/web/${at}`),
      ...keys(5, (at) => `conf/db/${at}`),
      key('alone/x'),
      key('root'),
    ]
    const { folders } = arrange(topics, 40, false, none)
    expect([...new Set(folders.values())].toSorted()).toEqual(['conf/db/', 'conf/web/'])
    expect(folders.size).toBe(10)
  })

  it('is folders above where there are too many, but never the root', () => {
    expect(foldersOf(keys(300, (at) => `conf/app${at % 100}/${at}`))).toEqual(['conf/'])
    expect(foldersOf(keys(300, (at) => `app${at}/x`))).toEqual([])
  })

  it('leaves out folders that hold too much', () => {
    const topics = keys(20, (at) => `conf/${at}`)
    expect(foldersOf(topics)).toEqual(['conf/'])
    expect(foldersOf(topics, new Set(['conf/']))).toEqual([])
  })

  it('gives dependencies on one service the same topic, whatever their tags and filters', () => {
    const [a, b, c, d] = ['web', 'red.web|any', 'web@dc2', 'web~node'].map(
      (text) => topicOf(parseHealthQuery('health.service', text)).key,
    )
    expect(a).toBe(b)
    expect(new Set([a, c, d]).size).toBe(3)
  })
})
