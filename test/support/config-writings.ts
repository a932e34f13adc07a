import * as fc from 'fast-check'

/**
 * A configuration without its writing: sections, lines, words. In a word `\0{NAME}` stands for an
 * environment variable, as in the words that `splitWords` finds.
 */
export type SectionWords = { readonly header: readonly string[]; readonly lines: string[][] }

const odd = [
  ' ',
  '#',
  '"',
  "'",
  '\\',
  '$',
  '\t',
  '\n',
  '\r',
  '{',
  '}',
  'x',
  'n',
  '4',
  'é',
  '🙂',
  '-',
]
const value = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('tcp', '10', ':80', '/a/b', 'hdr(host)', 'x-y', '%[src]'),
  },
  fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom(...odd) }),
  fc.constantFrom('\0{A}', 'a\0{B_1}c', '\0{C}\0{D}', ' ', '\\', '#', '$A', '"', "'"),
)
const settingKeyword = fc.constantFrom('mode', 'option', 'log', 'acl', 'http-request', 'bind', 'no')
const setting = fc
  .tuple(settingKeyword, fc.array(value, { maxLength: 5 }))
  .map(([keyword, words]) => [keyword, ...words])
const param = fc.constantFrom(
  ['check'],
  ['weight', '3'],
  ['inter', '2s'],
  ['backup'],
  ['sni', 'a b'],
)
const server = fc
  .record({
    name: fc.constantFrom('a', 'b.1', 'c:80'),
    port: fc.integer({ min: 1, max: 3 }),
    params: fc.uniqueArray(param, { maxLength: 3 }),
  })
  .map(({ name, port, params }) => ['server', name, `10.0.0.1:${port}`, ...params.flat()])
const settings = fc.array(setting, { maxLength: 4 })
const servers = fc.uniqueArray(server, { maxLength: 3, selector: ([, name]) => name })
const name = fc.constantFrom('a', 'b', 'one', 'two')

const independents =
  'userlist resolvers cache ring mailers http-errors program fcgi-app log-forward crt-store acme'
const independent = fc
  .constantFrom(...independents.split(' '))
  .chain((keyword) => section(fc.tuple(fc.constant(keyword), name)))
const from = fc.constantFrom([], [], ['from', 'base'])
const proxy = fc
  .tuple(fc.constantFrom('frontend', 'backend', 'listen', 'peers'), name, from)
  .chain(([keyword, named, parent]) =>
    // A `listen` is a frontend and a backend, of which no other may have the name.
    section(
      fc.constant([
        keyword,
        keyword === 'listen' ? `${named}-both` : named,
        ...(keyword === 'peers' ? [] : parent),
      ]),
      true,
    ),
  )
const top = fc.oneof(
  section(fc.constant(['global'])),
  section(fc.constantFrom(['defaults'], ['defaults', 'base'], ['defaults', 'from', 'base'])),
)

function section(header: fc.Arbitrary<string[]>, hasServers = false): fc.Arbitrary<SectionWords> {
  return fc
    .tuple(header, settings, hasServers ? servers : fc.constant([]))
    .map(([words, lines, more]) => ({ header: words, lines: [...lines, ...more] }))
}

/** A random configuration; sections of one kind and name come once. */
export const configWords: fc.Arbitrary<SectionWords[]> = fc
  .tuple(fc.array(fc.oneof(top, { weight: 2, arbitrary: proxy }, independent), { maxLength: 9 }))
  .map(([sections]) => {
    const seen = new Set<string>()
    return sections.filter(({ header: [keyword = '', named = ''] }) => {
      const key = `${keyword} ${named}`
      const isNew = keyword === 'global' || keyword === 'defaults' || !seen.has(key)
      seen.add(key)
      return isNew
    })
  })

/** Numbers to decide by; 0 to 999 each. */
export const dice = fc.infiniteStream(fc.integer({ min: 0, max: 999 }))

/** The configuration as a text, in a style and with an order of sections that the dice choose. */
export function write(sections: readonly SectionWords[], throws: Iterator<number>): string {
  const die = (sides: number): number => (throws.next().value ?? 0) % sides
  const texts = reorder(sections, die).map(({ header, lines }) =>
    [header, ...lines].map((words) => writeLine(words, die)).join(''),
  )
  return writeBlank(die) + texts.join('')
}

type Die = (sides: number) => number

/** What `global` and `defaults` decide over stays between them; the rest goes anywhere. */
function reorder(sections: readonly SectionWords[], die: Die): SectionWords[] {
  let group = 0
  const placed = sections.map((one) => {
    const [keyword = ''] = one.header
    if (keyword === 'global' || keyword === 'defaults') return { one, at: (group += 1) * 1000 }
    const isBound =
      ['frontend', 'backend', 'listen', 'peers'].includes(keyword) ||
      one.lines.flat().some((word) => word.includes('\0'))
    return { one, at: isBound ? group * 1000 + 1 + die(900) : 1 + die(9000) }
  })
  return placed.toSorted((a, b) => a.at - b.at).map(({ one }) => one)
}

function writeLine(words: readonly string[], die: Die): string {
  const gap = (): string => [' ', '  ', '\t', ' \t ', '\v', ' \r '][die(6)] ?? ' '
  const written = words.map((word) => writeWord(word, die))
  const indent = die(2) === 0 ? '' : gap()
  const end = ['\n', '\n', '\r\n', ' \n', ' # c "\n', '\t#\n'][die(6)] ?? '\n'
  return (
    indent +
    written.map((word, index) => (index === 0 ? '' : gap()) + word).join('') +
    end +
    writeBlank(die)
  )
}

function writeBlank(die: Die): string {
  return ['', '', '', '\n', '# backend x\n', ' \t\r\n', `#'"\n`][die(7)] ?? ''
}

/** Piece by piece: bare, in either quotes, or as hexadecimal digits. */
function writeWord(word: string, die: Die): string {
  const parts = word.match(/\0\{\w+\}|[^\0]/gu) ?? []
  return parts
    .map((part) => (part.startsWith('\0') ? writeVariable(part, die) : writePart(part, die)))
    .join('')
}

function writeVariable(part: string, die: Die): string {
  const bare = part.slice(2, -1)
  return die(2) === 0 ? `"\${${bare}}"` : `"$${bare}"`
}

function writePart(part: string, die: Die): string {
  const code = part.codePointAt(0) ?? 0
  const named = new Map([
    ['\n', 'n'],
    ['\r', 'r'],
    ['\t', 't'],
  ]).get(part)
  const hex = `\\x${code.toString(16).padStart(2, '0')}`
  const style = die(8)
  if (style === 0 && code < 0x80) return hex
  if (named !== undefined && part !== '\t') return style === 1 ? `"\\${named}"` : `\\${named}`
  if (style <= 2 && part !== "'") return `'${part}'`
  if (style <= 4) return /["\\$]/.test(part) ? `"\\${part}"` : `"${part}"`
  if (part === '\t') return '\\t'
  return /[ #"'\\]/.test(part) ? `\\${part}` : part
}
