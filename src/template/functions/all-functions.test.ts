import { describe, expect, it } from 'vitest'
import type { Surroundings } from '../contract.ts'
import { executionFunctions, plainFunctions } from './all-functions.ts'

const surroundings: Surroundings = {
  environment: () => undefined,
  now: () => new Date(0),
  workingFolder: '/',
  sandboxPath: undefined,
  hasEffects: false,
}

const functions = {
  ...plainFunctions,
  ...executionFunctions({
    surroundings,
    execution: { execute: () => '' },
    recall: () => undefined,
    waitFor: () => undefined,
  }),
}

const wordsOf = (text: string) => text.trim().split(/\s+/)

/** consul-template's, as its manual and its source list them. */
const dataFunctions = wordsOf(`
  caLeaf caRoots connect datacenters env envOrDefault exportedServices file importedServices key
  keyExists keyOrDefault ls mustEnv node nodes nomadService nomadServices nomadVar nomadVarExists
  nomadVarList nomadVarListSafe partitions peerings pkiCert safeLs safeTree secret secrets service
  services tree`)

const otherFunctions = wordsOf(`
  add base64Decode base64Encode base64URLDecode base64URLEncode byKey byMeta byPort byTag contains
  containsAll containsAny containsNone containsNotAll divide executeTemplate explode explodeMap
  hmacSHA256Hex in indent join loop maximum md5sum mergeMap mergeMapWithOverride minimum modulo
  multiply parseBool parseFloat parseInt parseJSON parseUint parseYAML plugin regexMatch
  regexReplaceAll replaceAll scratch sha256Hex sockaddr spew_dump spew_printf spew_sdump
  spew_sprintf split splitToMap subtract timestamp toJSON toJSONPretty toLower toTOML toTitle
  toUnescapedJSON toUnescapedJSONPretty toUpper toYAML trim trimPrefix trimSpace trimSuffix
  writeToFile`)

/** Sprig's that always give the same for the same arguments. */
const sprigFunctions = wordsOf(`
  abbrev abbrevboth camelcase cat contains hasPrefix hasSuffix indent initials kebabcase lower
  nindent nospace plural quote repeat replace shuffle snakecase squote substr swapcase title trim
  trimAll trimall trimPrefix trimSuffix trunc untitle upper wrap wrapWith atoi float64 int int64
  toDecimal toString toStrings add add1 add1f addf biggest ceil div divf floor max maxf min minf
  mod mul mulf round seq sub subf until untilStep append chunk compact concat first has initial
  join last list prepend rest reverse slice sortAlpha splitList uniq without tuple deepCopy dict dig
  get hasKey keys merge mergeOverwrite omit pick pluck set split splitn unset values all any
  coalesce default empty fail ternary deepEqual kindIs kindOf typeIs typeIsLike typeOf b32dec
  b32enc b64dec b64enc fromJson toJson toPrettyJson toRawJson base clean dir ext isAbs regexFind
  regexFindAll regexMatch regexQuoteMeta regexReplaceAll regexReplaceAllLiteral regexSplit semver
  semverCompare urlJoin urlParse adler32sum sha1sum sha256sum sha512sum`)

describe('there are', () => {
  it.each([
    ["consul-template's functions for data", dataFunctions],
    ["consul-template's other functions", otherFunctions],
    ["sprig's functions", sprigFunctions.map((name) => `sprig_${name}`)],
  ])('%s', (_, names) => {
    expect(names.filter((name) => !Object.hasOwn(functions, name))).toEqual([])
  })

  it.each(['key_or_default', 'key_exists', 'keyPrefix', 'vault', 'sprig_now', 'sprig_env'])(
    'no longer, or never, %s',
    (name) => {
      expect(Object.hasOwn(functions, name)).toBe(false)
    },
  )
})
