import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Surroundings } from '../contract.ts'
import { executionFunctions, plainFunctions } from '../functions/all-functions.ts'
import { unsupportedFunctions } from '../functions/unsupported.ts'
import { readOfflineData } from './offline-knowledge.ts'
import { createProgram } from './program.ts'

const page = readFileSync(new URL('../../../docs/templates.md', import.meta.url), 'utf8')

type Block = { readonly language: string; readonly text: string }

const blocks: readonly Block[] = [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(
  ([, language = '', text = '']) => ({ language, text }),
)
const dataText = blocks.find(({ language }) => language === 'json')?.text ?? ''
const examples = blocks.flatMap(({ language, text }, index) =>
  language === 'template' ? [{ text, following: blocks[index + 1] }] : [],
)

const surroundings: Surroundings = {
  environment: () => undefined,
  now: () => new Date(0),
  workingFolder: '/',
  sandboxPath: undefined,
  hasEffects: false,
}

describe('docs/templates.md', () => {
  it.each(examples)('gives what it says for $text', ({ text, following }) => {
    const { dot, knowledge } = readOfflineData(JSON.parse(dataText))
    const { text: output, missing } = createProgram(text, { name: 'docs', surroundings }).render(
      knowledge,
      dot,
    )
    expect(missing).toEqual([])
    expect(following).toEqual({ language: 'output', text: output })
  })

  it('has an output after each template', () => {
    expect(blocks.filter(({ language }) => language === 'output')).toHaveLength(examples.length)
    expect(examples.length).toBeGreaterThan(6)
  })

  it.each(namesInTables())('names a function that there is: %s', (name) => {
    expect(() =>
      createProgram(`{{if false}}{{${name}}}{{end}}`, { name, surroundings }),
    ).not.toThrow()
  })

  it('names every function', () => {
    const made = executionFunctions({
      surroundings,
      execution: { execute: () => '' },
      recall: () => undefined,
      waitFor: () => undefined,
    })
    const names = Object.keys({ ...plainFunctions, ...made }).filter(
      (name) => !name.startsWith('sprig_') && !Object.hasOwn(unsupportedFunctions, name),
    )
    const words = new Set(page.match(/\w+/g))
    expect(names.filter((name) => !words.has(name))).toEqual([])
  })
})

/** First words of what stands as code in the first column of tables of functions. */
function namesInTables(): readonly string[] {
  const tables = page.matchAll(/^\| function.*\n\| -.*\n((?:\|.*\n)+)/gm)
  const cells = [...tables].flatMap(([, rows = '']) =>
    rows.split('\n').map((row) => row.split(/(?<!\\)\|/)[1] ?? ''),
  )
  const spans = cells.flatMap((cell) => [...cell.matchAll(/`([a-z]\w*)/g)])
  return [...new Set(spans.map(([, name = '']) => name))].filter((name) => name !== 'sprig_NAME')
}
