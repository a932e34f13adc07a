import { balances } from './label-values.ts'
import { labelKeys } from './labels.ts'

/** A JSON Schema (draft 2020-12), as far as one is written here. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** What a label may hold: its meaning for people, and its values as YAML and as text. */
type LabelValue = {
  readonly description: string
  /** For values that YAML reads as something else than a text. */
  readonly plain?: JsonSchema
  /** A regular expression (ECMA-262) for the text. */
  readonly pattern: string
  readonly examples: readonly string[]
}

const any = '^[^]*$'
const pathPattern = "^\\s*/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*\\s*$"
/** A host name, perhaps with `*.` before and a port behind; letters beyond ASCII as they are. */
const host = '(\\*\\.)?[^\\s!-,/:-@\\[-^`{-~]+(:\\d{1,5})?'

/**
 * By key, every one of `labelKeys`; the same values are right here as in `readLabels`. Tests compare
 * both.
 */
export const labelValues: Readonly<Record<string, LabelValue>> = {
  enable: flag('Whether the container is routed, whatever --route says.'),
  port: whole('The port inside the container; needed where it has several.', 1, 65_535),
  network: {
    description: "Docker's name of the network whose address is used.",
    pattern: any,
    examples: ['shop_front'],
  },
  host: {
    description: 'Host names that lead to the service, commas between them; *.x is one more label.',
    pattern: `^\\s*${host}\\s*(,\\s*${host}\\s*)*$`,
    examples: ['shop.example.org', 'example.org, *.example.org'],
  },
  default: flag('Whether the service takes what no host rule matches.'),
  weight: whole("The container's share of the requests; 0: none; 1 without the label.", 0, 256),
  check: {
    description: "Path that HAProxy's health checks ask for, instead of only connecting.",
    pattern: pathPattern,
    examples: ['/health'],
  },
  balance: {
    description: 'How requests are spread over the containers of the service.',
    pattern: `^\\s*(${balances.map(anyCase).join('|')})\\s*$`,
    examples: balances,
  },
  slowstart: {
    description: 'How long a server that comes up takes to its full share: 500ms, 30s, 2m.',
    pattern: '^\\s*\\d{1,8}(ms|s|m|h)\\s*$',
    examples: ['30s'],
  },
  maxconn: whole('Connections at one time; more requests wait.', 1, 1_000_000),
  sticky: {
    description: 'Whether a client stays with the container that its first answer came from.',
    pattern: `^\\s*(${['none', 'cookie'].map(anyCase).join('|')})\\s*$`,
    examples: ['cookie', 'none'],
  },
  'sticky.cookie': {
    description: 'Name of the cookie, instead of one made from the name of the service.',
    pattern: '^\\s*[A-Za-z0-9_.-]{1,64}\\s*$',
    examples: ['shop-server'],
  },
  'sticky.secure': flag('Whether browsers send the cookie back over https only.'),
  role: {
    description: 'Says that the container belongs to fairlead itself; it is never routed.',
    pattern: any,
    examples: ['haproxy'],
  },
}

/**
 * The labels as a JSON Schema of Compose files: `services.*.labels` and `.environment` in both of
 * their forms. `$defs` has the parts, for use in other schemas: `labels` for the mapping, `values`
 * for each label. What is interpolated (`${…}`) is right whatever it says.
 */
export function labelSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Labels of fairlead in Compose files',
    description:
      'Only labels and variables that fairlead reads are described; all else is allowed.',
    type: 'object',
    properties: {
      services: {
        type: 'object',
        additionalProperties: {
          type: 'object',
          properties: {
            labels: { $ref: '#/$defs/labels' },
            environment: { $ref: '#/$defs/variables' },
          },
        },
      },
    },
    $defs: {
      labels: { anyOf: [mappingOf(['fairlead.', 'SERVICE_']), listOf(['fairlead.', 'SERVICE_'])] },
      variables: { anyOf: [mappingOf(['SERVICE_']), listOf(['SERVICE_'])] },
      values: Object.fromEntries(labelKeys.map((key) => [key, valueSchema(key)])),
    },
  }
}

type Prefix = 'fairlead.' | 'SERVICE_'

function mappingOf(prefixes: readonly Prefix[]): JsonSchema {
  return {
    type: 'object',
    ...(prefixes.includes('fairlead.') ? { properties: plainProperties() } : {}),
    patternProperties: Object.fromEntries(
      prefixes.flatMap((prefix) => [
        ...labelKeys.map((key) => [`^${nameOf(prefix, key)}$`, valueRef(key)] as const),
        [`^${unknownName(prefix)}$`, false] as const,
      ]),
    ),
  }
}

/** Editors offer what stands under `properties`. */
function plainProperties(): JsonSchema {
  return Object.fromEntries(labelKeys.map((key) => [`fairlead.${key}`, valueRef(key)]))
}

function valueRef(key: string): JsonSchema {
  return { $ref: `#/$defs/values/${key}` }
}

/** `- fairlead.port=80`: one condition for each label, since an item is one text. */
function listOf(prefixes: readonly Prefix[]): JsonSchema {
  const known = prefixes.flatMap((prefix) =>
    labelKeys.map((key) => {
      const start = `^${nameOf(prefix, key)}=`
      const { pattern } = valueOf(key)
      const whole = `${start}(${pattern.replace(/^\^/, '').replace(/\$$/, '')})$`
      return {
        if: { pattern: start },
        // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
        then: { anyOf: [{ pattern: whole }, { pattern: '\\$' }] },
      }
    }),
  )
  const unknown = prefixes.map((prefix) => ({ not: { pattern: `^${unknownName(prefix)}(=|$)` } }))
  return { type: 'array', items: { type: 'string', allOf: [...unknown, ...known] } }
}

/** A name's regular expression; `SERVICE_` names may have a port, and letters of either case. */
function nameOf(prefix: Prefix, key: string): string {
  return prefix === 'fairlead.'
    ? `fairlead\\.${keyPattern(key)}`
    : `SERVICE_(\\d+_)?${anyCase('fairlead_')}${anyCase(keyPattern(key))}`
}

function unknownName(prefix: Prefix): string {
  const known = labelKeys.map(keyPattern).join('|')
  return prefix === 'fairlead.'
    ? `fairlead\\.(?!(${known})(=|$))[^=]*`
    : `SERVICE_(\\d+_)?${anyCase('fairlead_')}(?!(${anyCase(known)})(=|$))[^=]*`
}

/** `_` stands for a dot where none can be written. */
function keyPattern(key: string): string {
  return key.replaceAll('.', '[._]')
}

function valueSchema(key: string): JsonSchema {
  const { description, plain, pattern, examples } = valueOf(key)
  return {
    description,
    anyOf: [
      ...(plain === undefined ? [] : [plain]),
      { type: 'string', pattern },
      { type: 'string', pattern: '\\$' },
    ],
    examples,
  }
}

/** A label that nobody has described yet may hold anything. */
function valueOf(key: string): LabelValue {
  return labelValues[key] ?? { description: `fairlead.${key}`, pattern: any, examples: [] }
}

function flag(description: string): LabelValue {
  const words = ['true', 'yes', 'on', '1', 'false', 'no', 'off', '0'].map(anyCase)
  return {
    description,
    plain: { enum: [true, false, 0, 1] },
    pattern: `^\\s*(${words.join('|')})\\s*$`,
    examples: ['true', 'false'],
  }
}

/** A whole number from 0 or 1 to `most`. */
function whole(description: string, least: 0 | 1, most: number): LabelValue {
  const notNought = least === 1 ? '(?!0+\\s*$)' : ''
  return {
    description,
    plain: { type: 'integer', minimum: least, maximum: most },
    pattern: `^\\s*${notNought}0*(${upTo(String(most))})\\s*$`,
    examples: [String(most)],
  }
}

/** The numbers from 0 to `most`, written without noughts before them. */
function upTo(most: string): string {
  const shorter = most.length > 1 ? [`\\d{1,${most.length - 1}}`] : []
  const sameLength = most.split('').flatMap((digit, at) => {
    const rest = most.length - at - 1
    const lower = Number(digit) - 1
    if (lower < 0) return []
    return [`${most.slice(0, at)}[0-${lower}]${rest === 0 ? '' : `\\d{${rest}}`}`]
  })
  return [...shorter, ...sameLength, most].join('|')
}

/** `[Oo][Nn]`: JSON Schema has no flag for letters of either case. */
function anyCase(text: string): string {
  return text.replaceAll(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`)
}
