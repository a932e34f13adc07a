import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type JsonSchema, labelSchema, labelValues } from './label-schema.ts'
import { labelKeys, readLabels } from './labels.ts'

// With UPDATE=1 docs/labels.schema.json is written instead of compared.
const file = new URL('../../docs/labels.schema.json', import.meta.url)
const schema = labelSchema()

/** As much of JSON Schema (draft 2020-12) as the schema of the labels uses; throws for anything else. */
function isValid(value: unknown, given: JsonSchema | boolean): boolean {
  if (typeof given === 'boolean') return given
  return Object.entries(given).every(([keyword, wanted]) => {
    const check = keywords[keyword]
    if (check === undefined) throw new Error(`the schema uses ${keyword}`)
    return check(value, wanted, given)
  })
}

type Check = (value: unknown, wanted: unknown, schema: JsonSchema) => boolean
type Schemas = Readonly<Record<string, JsonSchema | boolean>>
const always: Check = () => true

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const list = (wanted: unknown): readonly JsonSchema[] => wanted as readonly JsonSchema[]

const keywords: Readonly<Record<string, Check>> = {
  $schema: always,
  $defs: always,
  title: always,
  description: always,
  examples: always,
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: always,
  $ref: (value, wanted) => isValid(value, resolve(String(wanted))),
  type: (value, wanted) => {
    if (wanted === 'object') return isMapping(value)
    if (wanted === 'array') return Array.isArray(value)
    return wanted === 'integer' ? Number.isInteger(value) : typeof value === wanted
  },
  enum: (value, wanted) => (wanted as readonly unknown[]).includes(value),
  minimum: (value, wanted) => typeof value !== 'number' || value >= Number(wanted),
  maximum: (value, wanted) => typeof value !== 'number' || value <= Number(wanted),
  pattern: (value, wanted) =>
    typeof value !== 'string' || new RegExp(String(wanted), 'u').test(value),
  anyOf: (value, wanted) => list(wanted).some((each) => isValid(value, each)),
  allOf: (value, wanted) => list(wanted).every((each) => isValid(value, each)),
  not: (value, wanted) => !isValid(value, wanted as JsonSchema),
  if: (value, wanted, whole) =>
    !isValid(value, wanted as JsonSchema) || isValid(value, whole['then'] as JsonSchema),
  items: (value, wanted) =>
    !Array.isArray(value) || value.every((item) => isValid(item, wanted as JsonSchema)),
  properties: (value, wanted) =>
    !isMapping(value) ||
    Object.entries(wanted as Schemas).every(
      ([name, each]) => !Object.hasOwn(value, name) || isValid(value[name], each),
    ),
  patternProperties: (value, wanted) =>
    !isMapping(value) ||
    Object.entries(wanted as Schemas).every(([pattern, each]) =>
      Object.entries(value).every(
        ([name, inside]) => !new RegExp(pattern, 'u').test(name) || isValid(inside, each),
      ),
    ),
  additionalProperties: (value, wanted) =>
    !isMapping(value) ||
    Object.values(value).every((inside) => isValid(inside, wanted as JsonSchema)),
}

function resolve(reference: string): JsonSchema {
  const steps = reference.split('/').slice(1)
  return steps.reduce<JsonSchema>((at, step) => at[step] as JsonSchema, schema)
}

function accepts(labels: unknown): boolean {
  return isValid({ services: { web: { image: 'x', labels } } }, schema)
}

/** What the labels' own reader says; where one has no effect is another matter. */
function isRead(key: string, text: string): boolean {
  return readLabels({ sticky: 'cookie', [key]: text }).problems.length === 0
}

const right: readonly (readonly [key: string, ...texts: readonly string[]])[] = [
  ['enable', 'true', 'FALSE', 'yes', 'Off', ' 1 '],
  ['default', 'true', '0'],
  ['port', '1', '80', '65535', '0080', ' 443 '],
  ['weight', '0', '00', '1', '99', '199', '249', '250', '256'],
  ['maxconn', '1', '999999', '1000000'],
  ['network', 'shop_front', ''],
  ['role', 'haproxy'],
  ['host', 'a.org', 'A.org:80, *.b.org.', 'bücher.example', 'a_b.local', 'xn--bcher-kva.example'],
  ['check', '/', '/health?x=1', '/a%20b'],
  ['balance', 'roundrobin', 'LeastConn', 'random', 'first', 'source'],
  ['slowstart', '500ms', '30s', '2m', '1h'],
  ['sticky', 'cookie', 'none', 'Cookie'],
  ['sticky.cookie', 'shop-server', 'a.b_c'],
  ['sticky.secure', 'true', 'no'],
]

const wrong: readonly (readonly [key: string, ...texts: readonly string[]])[] = [
  ['enable', 'maybe', '', '2', 'truee'],
  ['port', '0', '00', '65536', '-1', '80/tcp', '1.5', '', '99999'],
  ['weight', '257', '260', '300', '1000', 'heavy'],
  ['maxconn', '0', '1000001', '2000000', '10000000'],
  ['host', 'a b', 'http://a.org', 'a.org/b', 'a*.org', '*', 'a,,b'],
  ['check', 'health', '/a b', '/<x>'],
  ['balance', 'fastest', 'uri'],
  ['slowstart', '30', '30 s', 's', '1d', '-1s'],
  ['sticky', 'ip'],
  ['sticky.cookie', 'a b', 'a=b', ''],
  ['sticky.secure', 'https'],
]

describe('the schema of the labels', () => {
  it('is what docs/labels.schema.json says', () => {
    const text = `${JSON.stringify(schema, undefined, 2)}\n`
    if (process.env['UPDATE'] === '1') writeFileSync(file, text)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(text))
  })

  it('describes every label', () => {
    expect(labelKeys.filter((key) => labelValues[key] === undefined)).toEqual([])
    expect(Object.keys(labelValues).filter((key) => !isRead(key, 'x'))).toEqual(
      Object.keys(labelValues).filter((key) => !accepts({ [`fairlead.${key}`]: 'x' })),
    )
  })

  it.each(right)('takes what is right for fairlead.%s, in every form', (key, ...texts) => {
    const name = key.replaceAll('.', '_').toUpperCase()
    for (const text of texts) {
      expect(isRead(key, text), text).toBe(true)
      expect(accepts({ [`fairlead.${key}`]: text }), text).toBe(true)
      expect(accepts([`fairlead.${key}=${text}`]), text).toBe(true)
      expect(accepts({ [`SERVICE_FAIRLEAD_${name}`]: text }), text).toBe(true)
      expect(accepts([`SERVICE_80_FAIRLEAD_${name}=${text}`]), text).toBe(true)
    }
  })

  it.each(wrong)('refuses what is wrong for fairlead.%s, in every form', (key, ...texts) => {
    const name = key.replaceAll('.', '_').toUpperCase()
    for (const text of texts) {
      expect(isRead(key, text), text).toBe(false)
      expect(accepts({ [`fairlead.${key}`]: text }), text).toBe(false)
      expect(accepts([`fairlead.${key}=${text}`]), text).toBe(false)
      expect(accepts({ [`SERVICE_8080_FAIRLEAD_${name}`]: text }), text).toBe(false)
      expect(accepts([`SERVICE_FAIRLEAD_${name}=${text}`]), text).toBe(false)
    }
  })

  it('says of every number what the reader says', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('port', 'weight', 'maxconn'),
        fc.oneof(
          fc.integer({ min: 0, max: 400 }),
          fc.integer({ min: 65_000, max: 66_000 }),
          fc.integer({ min: 999_000, max: 1_001_000 }),
        ),
        (key, number) => {
          const isRight = isRead(key, String(number))
          expect(accepts({ [`fairlead.${key}`]: String(number) })).toBe(isRight)
          expect(accepts({ [`fairlead.${key}`]: number })).toBe(isRight)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('knows no other label of fairlead, and leaves all other labels and keys alone', () => {
    expect(accepts({ 'fairlead.prot': '80' })).toBe(false)
    expect(accepts(['fairlead.prot=80'])).toBe(false)
    expect(accepts(['fairlead.hosts=a.org'])).toBe(false)
    expect(accepts({ SERVICE_FAIRLEAD_PROT: '80' })).toBe(false)
    expect(
      accepts({ 'com.example.team': 'blue', SERVICE_NAME: 'web', 'traefik.enable': '?' }),
    ).toBe(true)
    expect(isValid({ services: { web: { command: 'x' } }, volumes: {} }, schema)).toBe(true)
    expect(isValid({ services: { web: { environment: ['A', 'B=1'] } } }, schema)).toBe(true)
    expect(
      isValid({ services: { web: { environment: { SERVICE_FAIRLEAD_PORT: 'x' } } } }, schema),
    ).toBe(false)
  })

  it('cannot judge what is put in place of a variable', () => {
    expect(accepts({ 'fairlead.port': '${PORT}', 'fairlead.enable': '${ON:-true}' })).toBe(true)
    expect(accepts(['fairlead.port=${PORT:-80}'])).toBe(true)
  })
})
