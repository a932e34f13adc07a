import { printTrees } from '../src/template/go/print-trees.ts'
import { execute, parseTemplate } from '../src/template/go/template.ts'
import type { Template } from '../src/template/go/template.ts'
import { valueOfJson } from '../src/template/go/values.ts'
import { TemplateError } from '../src/template/template-error.ts'
import type { Random } from './random.ts'
import { expectEqual } from './target.ts'
import type { Target } from './target.ts'

const value = valueOfJson({
  s: 'héllo',
  i: 42,
  f: 3.5,
  t: true,
  l: [1, 'two', null, [3]],
  m: { a: 1, b: { c: 'deep' } },
  n: null,
})

const pieces = [
  ['{{', '}}', '{{- ', ' -}}', '{{/*', '*/}}', ' ', '\n', '|', '(', ')', ':=', '=', ',', '.', '{'],
  ['if ', 'with ', 'range ', 'define "d"', 'template "d" ', 'block "b" ', '{{end}}', '{{else}}'],
  [
    '{{if .t}}',
    '{{range .l}}',
    '{{range $k, $v := .m}}',
    '{{range 9}}',
    '{{with .m}}',
    '{{break}}',
  ],
  [
    '$',
    '$x',
    '{{$x := 1}}',
    '{{$x = print $x $x}}',
    '.s',
    '.i',
    '.f',
    '.l',
    '.m.b.c',
    '.n',
    '.nope',
  ],
  [
    'nil',
    'true',
    '1',
    '-7',
    '0x1F',
    '1e3',
    '1i',
    "'a'",
    '"text"',
    '`raw`',
    '"\\xff"',
    '1000000000',
  ],
  [
    'print ',
    'printf ',
    'println ',
    'index ',
    'slice ',
    'len ',
    'eq ',
    'lt ',
    'and ',
    'or ',
    'not ',
  ],
  ['call ', 'html ', 'js ', 'urlquery ', '"%5.2f|%d" ', '"%999999d%[1]*d" ', '"%+q%#v%x" ', '%'],
  ['é', '\u{dcff}', '\u{1f600}', 'text '],
].flat()

function anyTemplate(random: Random): string {
  const one = (): string => random.pick(pieces)
  const many = (most: number): string =>
    Array.from({ length: random.below(most + 1) }, one).join('')
  const isOfActions = random.below(2) === 0
  if (!isOfActions) return many(25)
  const action = (): string =>
    `{{${Array.from({ length: 1 + random.below(4) }, one).join(' ')}}}${many(1)}`
  return Array.from({ length: 1 + random.below(8) }, action).join('')
}

/** What it gives, or undefined where a TemplateError says why not. */
function unlessRefused<T>(give: () => T): T | undefined {
  try {
    return give()
  } catch (error) {
    if (error instanceof TemplateError) return undefined
    throw error
  }
}

/** The trees without positions. */
function shapeOf({ trees }: Template): string {
  const sorted = [...trees].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(sorted, (key, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`
    return key === 'at' ? undefined : part
  })
}

const print: Target = {
  name: 'template-print',
  generate: (random) => ({ text: anyTemplate(random) }),
  check: ({ text = '' }) => {
    const template = unlessRefused(() => parseTemplate('t', text))
    if (template === undefined) return
    const again = parseTemplate('t', printTrees(template.trees, 't'))
    expectEqual(shapeOf(again), shapeOf(template), 'printed and parsed again')
  },
}

const run: Target = {
  name: 'template-execute',
  generate: (random) => ({ text: anyTemplate(random) }),
  check: ({ text = '' }) => {
    const template = unlessRefused(() => parseTemplate('t', text))
    if (template === undefined) return
    const limits = { steps: 100_000, outputBytes: 2 ** 20 }
    const told: string[] = []
    const output = unlessRefused(() =>
      execute(template, value, { limits, onText: (piece) => told.push(piece) }),
    )
    if (output === undefined) return
    expectEqual(output.length <= limits.outputBytes, true, 'within the limit')
    if (!/\p{Surrogate}/u.test(told.join(''))) expectEqual(told.join(''), output, 'what was told')
    expectEqual(execute(template, value, { limits }), output, 'executed again')
  },
}

export const templateTargets = [print, run] as const
