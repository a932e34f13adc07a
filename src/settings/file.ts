import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Document, Node, Pair } from 'yaml'
import { messageOf } from '../model/errors.ts'
import type { Problem } from '../model/problem.ts'
import { nearest } from '../support/nearest.ts'
import type { Given, Origin } from './given.ts'
import { definitions, settingKeys, settingNames } from './schema.ts'
import type { SettingKey } from './schema.ts'

/** Where the settings file is looked for when none was named, the first that is there. */
export function standardFiles(cwd: string, systemFolder = '/etc/fairlead'): readonly string[] {
  return [join(cwd, 'fairlead.yaml'), join(systemFolder, 'fairlead.yaml')]
}

/** The content of a settings file; undefined when there is none. Throws what reading throws. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** A settings file that was named must be there; of the standard ones none need be. */
export function fromFile(
  named: { readonly path: string; readonly where: string } | undefined,
  cwd: string,
  systemFolder?: string,
): Origin {
  const candidates = named === undefined ? standardFiles(cwd, systemFolder) : [named.path]
  for (const candidate of candidates) {
    const path = resolve(cwd, candidate)
    const shown = shownPath(path, cwd)
    try {
      const text = readIfThere(path)
      if (text !== undefined) return parseFile(text, shown, dirname(path))
    } catch (error) {
      return failed({ where: shown, what: `cannot be read: ${messageOf(error)}`, hint: '' })
    }
  }
  if (named === undefined) return { given: new Map(), mistakes: [] }
  return failed({ where: named.where, what: `there is no file ${named.path}`, hint: '' })
}

function failed(mistake: Problem): Origin {
  return { given: new Map(), mistakes: [mistake] }
}

function shownPath(path: string, cwd: string): string {
  const short = relative(cwd, path)
  return short.startsWith('..') || isAbsolute(short) ? path : short
}

/** Reads the text of a settings file. `shown` names it in messages: `fairlead.yaml:3:7 http`. */
export function parseFile(text: string, shown: string, baseFolder: string): Origin {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number | undefined): string => {
    const { line, col } = lines.linePos(offset ?? 0)
    return `${shown}:${line}:${col}`
  }
  if (document.errors.length > 0) {
    const mistakes = document.errors.map((error) => {
      return { where: at(error.pos[0]), what: messageOf(error), hint: '' }
    })
    return { given: new Map(), mistakes }
  }
  const top = document.contents
  if (top === null || (isScalar(top) && top.value === null)) {
    return { given: new Map(), mistakes: [] }
  }
  if (!isMap(top)) {
    const what = 'the file must hold settings, each as `name: value`'
    return failed({ where: at(top.range?.[0]), what, hint: '' })
  }
  const given = new Map<SettingKey, Given>()
  const mistakes: Problem[] = []
  for (const pair of top.items as Pair<Node, Node | null>[]) {
    readPair(pair, { document, at, baseFolder }, given, mistakes)
  }
  return { given, mistakes }
}

type FileContext = {
  readonly document: Document
  readonly at: (offset: number | undefined) => string
  readonly baseFolder: string
}

function readPair(
  pair: Pair<Node, Node | null>,
  context: FileContext,
  given: Map<SettingKey, Given>,
  mistakes: Problem[],
): void {
  const name = textOf(pair.key, context.document) ?? '?'
  const keyAt = `${context.at(pair.key.range?.[0])} ${name}`
  const key = settingKeys.find((each) => definitions[each].name === name)
  if (key === undefined) {
    const meant = nearest(name, settingNames)
    const hint = meant === undefined ? '' : `did you mean ${meant}?`
    mistakes.push({ where: keyAt, what: 'no such setting', hint })
    return
  }
  const value = isAlias(pair.value) ? pair.value.resolve(context.document) : pair.value
  const isList = definitions[key].kind === 'list'
  const nodes = isSeq(value) && isList ? (value.items as Node[]) : [value]
  const texts: string[] = []
  const wheres: string[] = []
  for (const node of nodes) {
    const text = textOf(node ?? null, context.document)
    const where = `${context.at((node ?? pair.key).range?.[0])} ${name}`
    if (text === undefined) {
      const what = isList ? 'wants a value or a list of values' : 'wants one value'
      mistakes.push({ where, what, hint: '' })
      return
    }
    texts.push(text)
    wheres.push(where)
  }
  given.set(key, { where: wheres[0] ?? keyAt, texts, wheres, baseFolder: context.baseFolder })
}

/** A scalar as it is written, so that `8080`, `5m` and `true` are read like a flag's text. */
function textOf(node: Node | null, document: Document): string | undefined {
  const target = isAlias(node) ? node.resolve(document) : node
  if (!isScalar(target) || target.value === null) return undefined
  return typeof target.value === 'string' ? target.value : target.source
}
