import { describe, expect, it } from 'vitest'
import type { HealthService } from '../catalogue.ts'
import { execute, parseTemplate } from '../go/template.ts'
import { valueOfJson } from '../go/values.ts'
import { healthRecord } from '../records/health-records.ts'
import { pairRecords } from '../records/pair-records.ts'
import { catalogSnippets, healthServices, keyPairs } from './consul-structures.ts'
import { goFunction } from '../go/functions.ts'
import type { FunctionSet } from './function-set.ts'
import { groupingFunctions } from './grouping-functions.ts'

function instance(id: string, port: number, tags: string[], meta: Record<string, string>) {
  return healthRecord({
    Node: { Node: 'n', Address: 'a' },
    Service: { ID: id, Service: 'web', Port: port, Tags: tags, Meta: meta },
  })
}

const services: readonly HealthService[] = [
  instance('one', 9000, ['b', 'a'], { zone: 'eu/1', shard: '7' }),
  instance('two', 80, ['a'], { zone: '', shard: '12' }),
  instance('three', 80, [], {}),
]

const pairs = pairRecords(
  ['x', 'y/a', 'y/b/c', 'y/b/', 'z/'].map((Key) => ({
    Key: `p/${Key}`,
    Value: Buffer.from(Key.toUpperCase()).toString('base64'),
  })),
  'p',
)

const clash = pairRecords(
  ['a/b/c', 'a/b/c/d/e'].map((Key) => ({ Key })),
  '',
)

const given: FunctionSet = {
  services: goFunction([], () => healthServices.toGo(services)),
  snippets: goFunction([], () => catalogSnippets.toGo([{ Name: 'web', Tags: ['a', 'b'] }])),
  pairs: goFunction([], () => keyPairs.toGo(pairs)),
  clash: goFunction([], () => keyPairs.toGo(clash)),
}

function render(text: string, dot: unknown = null): string {
  const functions = { ...groupingFunctions, ...given }
  return execute(parseTemplate('', text, { functions, missingKey: 'zero' }), valueOfJson(dot))
}

const groups = '{{range $k, $v := %s}}{{$k}}:{{range $v}}{{.ID}} {{end}}{{end}}'

describe('services are grouped', () => {
  it.each([
    ['byTag services', 'a:one two b:one '],
    ['byPort services', '80:two three 9000:one '],
    ['byMeta "zone" services', '_no_zone_:two three eu_1:one '],
    ['byMeta "shard|int" services', '00000:three 00007:one 00012:two '],
    ['byMeta "shard,zone" services', '12__no_zone_:two 7_eu_1:one _no_shard___no_zone_:three '],
    ['byTag nil', ''],
    ['byMeta "a" nil', ''],
  ])('%s', (call, expected) => {
    expect(render(groups.replace('%s', call))).toBe(expected)
  })

  it('by the tags of names in the catalogue, too', () => {
    expect(render('{{range $k, $v := byTag snippets}}{{$k}}:{{(index $v 0).Name}} {{end}}')).toBe(
      'a:web b:web ',
    )
  })

  it('into maps of the types that Go has', () => {
    expect(render('{{printf "%T %T %T" (byTag nil) (byPort nil) (byMeta "a" nil)}}')).toBe(
      'map[string][]interface {} map[int][]interface {} map[string][]*dependency.HealthService',
    )
  })

  it.each([
    ['{{byTag "x"}}', 'byTag: wrong argument type string'],
    ['{{byPort snippets}}', 'byPort: wrong argument type []*dependency.CatalogSnippet'],
    ['{{byMeta "zone|int" services}}', 'strconv.Atoi: parsing "eu/1": invalid syntax'],
  ])('%s fails', (text, message) => {
    expect(() => render(text)).toThrow(message)
  })
})

describe('pairs', () => {
  it('are grouped by the first part of their keys', () => {
    const text =
      '{{range $k, $m := byKey pairs}}{{$k}}:{{range $r, $p := $m}}{{$r}}={{$p.Key}}={{$p.Value}} {{end}}{{end}}'
    expect(render(text)).toBe('y:a=a=Y/A b/=b/=Y/B/ b/c=b/c=Y/B/C ')
    expect(render('{{range pairs}}{{.Key}} {{end}}')).toBe('x y/a y/b/c y/b/ z/ ')
  })

  it('are nested by the parts of their keys', () => {
    expect(render('{{explode pairs}}')).toBe('map[x:X y:map[a:Y/A b:map[c:Y/B/C]] z:map[]]')
  })

  it('cannot be nested where there is a value already', () => {
    expect(() => render('{{explode clash}}')).toThrow(
      'explode: not a map: "b/c/d/e": "c" already has value ""',
    )
  })
})

describe('maps are nested', () => {
  const dot = { 'a/b': 1, a: { c: 2 }, 'd/e/f': 'x' }

  it('by the parts of their keys, into maps that are there', () => {
    expect(render('{{explodeMap .}}', dot)).toBe('map[a:map[b:1 c:2] d:map[e:map[f:x]]]')
  })

  it('without being changed themselves', () => {
    expect(render('{{$_ := explodeMap .}}{{.}}', dot)).toBe('map[a:map[c:2] a/b:1 d/e/f:x]')
  })

  it('only where there is no other value', () => {
    expect(() => render('{{explodeMap .}}', { a: 1, 'a/b': 2 })).toThrow(
      'explodeMap: not a map: "a/b": "a" already has value \'\\x01\'',
    )
  })
})
