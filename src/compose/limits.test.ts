import { describe, expect, it } from 'vitest'
import { parseDotenv } from './dotenv.ts'
import type { ComposeText } from './input.ts'
import { interpolate } from './interpolate.ts'
import { loadFiles } from './load.ts'
import { parseCompose } from './parse.ts'
import { ComposeError, entriesAt, textAt, valueAt } from './tree.ts'

const none = (): undefined => undefined

describe('aliases', () => {
  it('stand for the last anchor of their name before them', () => {
    const file = parseCompose('a: &x 1\nb: *x\nc: &x 2\nd: {e: *x}\n', 'compose.yaml')
    expect([textAt(file, 'b'), textAt(valueAt(file, 'd'), 'e')]).toEqual(['1', '2'])
  })

  it.each(['a: *x\nb: &x 1', 'a: *none'])('without such an anchor are refused: %s', (text) => {
    expect(() => parseCompose(text, 'compose.yaml')).toThrow(/1:4: there is no anchor/)
  })

  it('of what they stand in are refused', () => {
    expect(() => parseCompose('a: &x [*x]', 'compose.yaml')).toThrow(/nested too deep/)
  })

  it('may be many, each with an anchor of its own', () => {
    const count = 15_000
    const lines = Array.from({ length: count }, (_, at) => `  - &a${at} v${at}\n  - *a${at}`)
    const list = valueAt(parseCompose(`x:\n${lines.join('\n')}`, 'compose.yaml'), 'x')
    const items = list?.kind === 'list' ? list.items : []
    expect(items).toHaveLength(2 * count)
    expect(items.at(-1)).toMatchObject({ text: `v${count - 1}` })
  })
})

describe('keys', () => {
  it('may come from many mappings', () => {
    const text = `y:\n  <<: [${'{},'.repeat(150_000)}{k: v}]`
    expect(textAt(valueAt(parseCompose(text, 'compose.yaml'), 'y'), 'k')).toBe('v')
  })

  it('that stand twice in a mapping are refused with the place of the second', () => {
    expect(() => parseCompose('a: 1\nb: {c: 1, c: 2}', 'compose.yaml')).toThrow(
      'compose.yaml:2:11: Map keys must be unique',
    )
  })

  it('may be many', () => {
    const text = Array.from({ length: 20_000 }, (_, at) => `k${at}: v`).join('\n')
    expect(parseCompose(text, 'compose.yaml').entries.size).toBe(20_000)
  })
})

describe('variables', () => {
  it('that double with every line stay as they are written where they become too long', () => {
    const lines = Array.from({ length: 40 }, (_, at) => `V${at + 1}=\${V${at}}\${V${at}}`)
    const variables = parseDotenv(`V0=ab\n${lines.join('\n')}`, none)
    expect(variables.get('V16')).toHaveLength(131_072)
    expect(variables.get('V17')).toBe('${V16}${V16}')
    expect(interpolate('$V16$V16', (name) => variables.get(name))).toEqual({
      fault: 'becomes longer than 131072 characters',
    })
    expect(interpolate('$V16$V16$', (name) => variables.get(name))).toHaveProperty('fault')
  })

  it('that are put into too many values are refused', () => {
    const long = 'x'.repeat(100_000)
    const labels = Array.from({ length: 200 }, (_, at) => `      l${at}: $V`).join('\n')
    const load = (): unknown => loaded(`services:\n  web:\n    labels:\n${labels}`, new Map(), long)
    expect(load).toThrow(ComposeError)
    expect(load).toThrow(/^compose.yaml:171:13: up to here values with variables become more than/)
  })
})

describe('extends', () => {
  it('reads a file once, however many services and links come to it', () => {
    const reads: string[] = []
    const chain = (own: string, other: string): string =>
      Array.from({ length: 90 }, (_, at) => {
        const link = at === 0 ? '' : `, extends: {file: ${other}, service: s${at - 1}}`
        return `  s${at}: {image: ${own}${at}, labels: {l${at}: $V}${link}}`
      }).join('\n')
    const files = new Map([
      ['/shop/a.yaml', `services:\n${chain('a', 'b.yaml')}`],
      ['/shop/b.yaml', `services:\n${chain('b', 'a.yaml')}`],
    ])
    const { model, findings } = loaded(files.get('/shop/a.yaml') ?? '', files, 'v', reads)
    expect(reads.toSorted()).toEqual(['/shop/a.yaml', '/shop/b.yaml'])
    expect(findings).toEqual([])
    const last = entriesAt(model, 'services').get('s89')?.value
    expect(textAt(last, 'image')).toBe('a89')
    expect(entriesAt(last, 'labels').size).toBe(90)
  })
})

function loaded(
  text: string,
  files: ReadonlyMap<string, string>,
  variable: string,
  reads: string[] = [],
): ReturnType<typeof loadFiles> {
  const readFile = (path: string): ComposeText | undefined => {
    reads.push(path)
    const found = files.get(path)
    return found === undefined ? undefined : { path, shown: path, text: found }
  }
  return loadFiles({
    files: [{ path: '/shop/compose.yaml', shown: 'compose.yaml', text }],
    folder: '/shop',
    lookup: (name) => (name === 'V' ? variable : undefined),
    profiles: [],
    projectName: undefined,
    readFile,
  })
}
