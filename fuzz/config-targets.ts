import { evaluateCondition } from '../src/haproxy/config/conditions.ts'
import { fileProblems, joinFiles } from '../src/haproxy/config/join-files.ts'
import { isSameMeaning } from '../src/haproxy/config/meaning.ts'
import { parseConfig } from '../src/haproxy/config/parse.ts'
import { printConfig } from '../src/haproxy/config/print.ts'
import { quoteWord } from '../src/haproxy/config/quote.ts'
import { resolveConditions } from '../src/haproxy/config/resolve-conditions.ts'
import { countLines, linesOf, splitSections } from '../src/haproxy/config/sections.ts'
import { hasUnknownPart, splitWords } from '../src/haproxy/config/split-words.ts'
import { ConfigSyntaxError } from '../src/haproxy/config/syntax-error.ts'
import { anyConfig, anyLine, anyText } from './generate.ts'
import { expectEqual } from './target.ts'
import type { Target } from './target.ts'

/** What it gives, or undefined where a text is refused by a ConfigSyntaxError. */
export function unlessRefused<T>(give: () => T): T | undefined {
  try {
    return give()
  } catch (error) {
    if (error instanceof ConfigSyntaxError) return undefined
    throw error
  }
}

const sections: Target = {
  name: 'sections',
  generate: (random) => ({ text: anyConfig(random) }),
  check: ({ text = '' }) => {
    const found = unlessRefused(() => splitSections(text))
    if (found === undefined) return
    expectEqual(found.map((each) => each.text).join(''), text, 'the sections together')
    let at = 0
    for (const section of found) {
      expectEqual(section.line, 1 + countLines(text, 0, at), 'the line of a section')
      const lines = linesOf(section).map((line) => line.text)
      expectEqual(lines.join('\n'), section.text.replace(/\n$/, ''), 'the lines of a section')
      at += section.text.length
    }
  },
}

const parse: Target = {
  name: 'parse',
  generate: (random) => ({ text: anyConfig(random) }),
  check: ({ text = '' }) => {
    const config = unlessRefused(() => parseConfig(text))
    if (config !== undefined) expectEqual(printConfig(config), text, 'parsed and printed')
  },
}

const words: Target = {
  name: 'words',
  generate: (random) => ({ line: anyLine(random) }),
  check: ({ line = '' }) => {
    const found = unlessRefused(() => splitWords(line, 1))
    if (found === undefined || found.some((word) => word === '' || hasUnknownPart(word))) return
    expectEqual(splitWords(found.map(quoteWord).join(' '), 1), found, 'split, quoted, split')
  },
}

const quote: Target = {
  name: 'quote',
  generate: (random) => ({ value: `x${anyText(random, 10)}`.replaceAll('\0', '') }),
  check: ({ value = '' }) => {
    const word = quoteWord(value.replaceAll('\0', '') || 'x')
    expectEqual(
      splitWords(`a ${word} b`, 1),
      ['a', value.replaceAll('\0', '') || 'x', 'b'],
      'quoted, split',
    )
    expectEqual(/[\n\r]/.test(word), false, 'another line')
  },
}

const conditions: Target = {
  name: 'conditions',
  generate: (random) => ({ text: anyConfig(random), condition: anyLine(random) }),
  check: ({ text = '', condition = '' }) => {
    const knowledge = { version: '3.0.11', environment: new Map([['A', 'a b']]) }
    unlessRefused(() => evaluateCondition(splitWords(condition, 1), knowledge))
    const resolved = unlessRefused(() => resolveConditions(text, knowledge))
    if (resolved === undefined) return
    expectEqual(countLines(resolved, 0, resolved.length), countLines(text, 0, text.length), 'lines')
    expectEqual(resolveConditions(resolved, knowledge), resolved, 'resolved twice')
  },
}

const join: Target = {
  name: 'join',
  generate: (random) => ({ a: anyConfig(random), b: anyConfig(random), c: anyText(random, 3) }),
  check: (input) => {
    const files = Object.entries(input).map(([path, text]) => ({ path, text }))
    const { text, locate } = joinFiles(files)
    const lines = text.split('\n')
    expectEqual(lines.pop(), '', 'the end')
    for (const [index, line] of lines.entries()) {
      const place = locate(index + 1)
      const own = input[place?.path ?? '']?.split('\n')[(place?.line ?? 0) - 1]
      expectEqual(own, line, 'the line at its place')
    }
    for (const file of files) unlessRefused(() => fileProblems(file))
  },
}

const meaning: Target = {
  name: 'meaning',
  generate: (random) => ({ text: anyConfig(random) }),
  check: ({ text = '' }) => {
    if (unlessRefused(() => parseConfig(text)) === undefined) return
    const end = text === '' || text.endsWith('\n') ? '' : '\n'
    const rewritten = `# x\n${text.replaceAll('\n', '\n\t\n # z\n')}${end}  # y`
    expectEqual(isSameMeaning(text, rewritten), true, 'the same in another writing')
    const more = `${text}${end}ring fuzz\n`
    expectEqual(isSameMeaning(text, more), false, 'the same with a section more')
  },
}

export const configTargets = [sections, parse, words, quote, conditions, join, meaning] as const
