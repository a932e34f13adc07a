import { dirname, join, resolve } from 'node:path'
import { parseDotenv } from './dotenv.ts'
import type { ComposeInput, ComposeText } from './input.ts'
import { interpolate } from './interpolate.ts'
import type { Lookup } from './interpolate.ts'
import { mergeMappings, normalised } from './merge.ts'
import { parseCompose } from './parse.ts'
import { ComposeError, entriesAt, mapping, shownPosition } from './tree.ts'
import { textAt, textsAt, valueAt } from './tree.ts'
import type { Entry, Finding, Mapping, Position, Value } from './tree.ts'

/** Keys of a service that have to do with routes. Variables in others are not looked at. */
export const serviceKeys = [
  'image',
  'container_name',
  'labels',
  'label_file',
  'environment',
  'env_file',
  'ports',
  'expose',
  'networks',
  'network_mode',
  'deploy',
  'scale',
  'profiles',
  'extends',
  'depends_on',
]

/** More than somebody writes: a few lines can ask for any number of them. */
const longestChain = 100
const mostIncludes = 1000
/** Of all values with variables together, in characters. */
const mostExpanded = 16 * 1024 * 1024

/** All files as one, with what was found on the way. */
export type Loaded = {
  readonly model: Mapping
  readonly findings: readonly Finding[]
  /** From where paths in a file count, by the name it is shown by. */
  readonly folders: ReadonlyMap<string, string>
}

/** Reads and merges the files of a project. Throws ComposeError for what is no YAML. */
export function loadFiles(input: ComposeInput): Loaded {
  const loading = new Loading(input)
  const model = loading.merged(input.files, input.folder, input.lookup, [])
  return { model, findings: loading.findings, folders: loading.folders }
}

type File = { readonly path: string; readonly folder: string; readonly lookup: Lookup }

class Loading {
  readonly findings: Finding[] = []
  readonly folders = new Map<string, string>()
  readonly #input: ComposeInput
  /** Files that services of others extend, by path: many services may extend those of one. */
  readonly #extendedFiles = new Map<Lookup, Map<string, Mapping>>()
  #includes = 0
  #expanded = 0

  constructor(input: ComposeInput) {
    this.#input = input
  }

  /** `within`: the files that include these. */
  merged(
    files: readonly ComposeText[],
    folder: string,
    lookup: Lookup,
    within: readonly string[],
  ): Mapping {
    let model: Mapping | undefined
    for (const text of files) {
      const file: File = { path: text.path, folder, lookup }
      const raw = this.#parsed(text, folder, lookup)
      const included = this.#included(raw, file, within)
      const services = new Map<string, Entry>()
      for (const [name, { at }] of entriesAt(raw, 'services')) {
        services.set(name, { at, value: this.#extended(name, raw, file, []) })
      }
      const entries = new Map(raw.entries)
      const place = raw.entries.get('services')?.at ?? raw.at
      entries.set('services', { at: place, value: mapping(services, place) })
      const own = { ...raw, entries }
      model = model === undefined ? own : mergeMappings(model, own)
      for (const each of included) model = this.#beside(model, each)
    }
    return model ?? mapping(new Map(), { file: '', line: 1, column: 1 })
  }

  #parsed(text: ComposeText, folder: string, lookup: Lookup): Mapping {
    this.folders.set(text.shown, folder)
    const raw = parseCompose(text.text, text.shown)
    const entries = new Map<string, Entry>()
    for (const [key, entry] of raw.entries) {
      if (key === 'services') {
        entries.set(key, { ...entry, value: this.#services(entry.value, lookup) })
      } else if (['networks', 'name', 'include'].includes(key)) {
        entries.set(key, { ...entry, value: this.#interpolated(entry.value, lookup) })
      }
    }
    return { ...raw, entries }
  }

  #services(value: Value, lookup: Lookup): Value {
    if (value.kind !== 'map') {
      if (value.kind === 'list' || !value.isNull)
        this.#find('error', value.at, 'services is no mapping', '')
      return mapping(new Map(), value.at)
    }
    const services = new Map<string, Entry>()
    for (const [name, service] of value.entries) {
      if (name.startsWith('x-')) continue
      if (service.value.kind !== 'map') {
        this.#find('error', service.at, 'this service is no mapping', '', name)
        continue
      }
      const entries = new Map(service.value.entries)
      for (const key of serviceKeys) {
        const entry = entries.get(key)
        if (entry === undefined) continue
        entries.set(key, { ...entry, value: this.#interpolated(entry.value, lookup) })
      }
      services.set(name, { ...service, value: normalised({ ...service.value, entries }) })
    }
    return { ...value, entries: services }
  }

  #interpolated(value: Value, lookup: Lookup): Value {
    if (value.kind === 'list') {
      return { ...value, items: value.items.map((item) => this.#interpolated(item, lookup)) }
    }
    if (value.kind === 'map') {
      const entries = [...value.entries].map(([key, entry]): [string, Entry] => {
        return [key, { ...entry, value: this.#interpolated(entry.value, lookup) }]
      })
      return { ...value, entries: new Map(entries) }
    }
    const result = interpolate(value.text, lookup)
    if ('fault' in result) {
      this.#find('error', value.at, `the value ${result.fault}`, 'Compose refuses the file')
      return value
    }
    for (const name of new Set(result.unset)) {
      const hint = `set it, put it into .env, or write a default: \${${name}:-…}`
      this.#find('warning', value.at, `the variable ${name} is not set, and taken as empty`, hint)
    }
    if (result.text !== value.text) this.#expanded += result.text.length
    if (this.#expanded > mostExpanded) {
      const what = `up to here values with variables become more than ${mostExpanded} characters`
      throw new ComposeError([{ where: shownPosition(value.at), what, hint: '' }])
    }
    return { ...value, text: result.text }
  }

  /** A service with what it extends below it. */
  #extended(name: string, raw: Mapping, file: File, chain: readonly string[]): Value {
    const service = entriesAt(raw, 'services').get(name)?.value
    const link = valueAt(service, 'extends')
    if (service?.kind !== 'map' || link === undefined) return service ?? mapping(new Map(), raw.at)
    const base = this.#baseOf(link, raw, file, [...chain, `${file.path} ${name}`])
    const whole = base === undefined ? service : mergeMappings(base, service)
    const entries = new Map(whole.entries)
    entries.delete('extends')
    return { ...whole, entries }
  }

  #baseOf(link: Value, raw: Mapping, file: File, chain: readonly string[]): Mapping | undefined {
    const name = link.kind === 'scalar' ? link.text : (textAt(link, 'service') ?? '')
    const other = textAt(link, 'file')
    const path = other === undefined ? file.path : resolve(file.folder, other)
    const isCircle = chain.includes(`${path} ${name}`)
    if (isCircle || chain.length > longestChain) {
      const what = isCircle
        ? `service ${name} extends itself in the end`
        : `service ${name} is at the end of more than ${longestChain} that extend each other`
      this.#find('error', link.at, what, '')
      return undefined
    }
    let within = raw
    let from = file
    if (path !== file.path) {
      from = { ...file, path, folder: dirname(path) }
      const found = this.#extendedFile(from)
      if (found === undefined) {
        this.#find('error', link.at, `there is no file ${other} to extend a service of`, '')
        return undefined
      }
      within = found
    }
    if (!entriesAt(within, 'services').has(name)) {
      this.#find('error', link.at, `there is no service ${name} to extend`, '')
      return undefined
    }
    const base = this.#extended(name, within, from, chain)
    return base.kind === 'map' ? base : undefined
  }

  #extendedFile({ path, folder, lookup }: File): Mapping | undefined {
    const known = this.#extendedFiles.get(lookup) ?? new Map<string, Mapping>()
    this.#extendedFiles.set(lookup, known)
    const before = known.get(path)
    if (before !== undefined) {
      this.folders.set(before.at.file, folder)
      return before
    }
    const text = this.#input.readFile(path)
    if (text === undefined) return undefined
    const parsed = this.#parsed(text, folder, lookup)
    known.set(path, parsed)
    return parsed
  }

  /** The models that `include` brings, each with the variables of the `.env` beside it. */
  #included(raw: Mapping, file: File, within: readonly string[]): readonly Mapping[] {
    const list = valueAt(raw, 'include')
    if (list?.kind !== 'list') return []
    this.#includes += list.items.length
    if (this.#includes > mostIncludes) {
      this.#find('error', list.at, `more than ${mostIncludes} files are included`, '')
      return []
    }
    return list.items.flatMap((item) => {
      const named =
        item.kind === 'scalar' ? [{ value: item.text, at: item.at }] : textsAt(item, 'path')
      const texts = named.flatMap(({ value, at }) => {
        const path = resolve(file.folder, value)
        const text =
          within.includes(path) || path === file.path ? undefined : this.#input.readFile(path)
        if (text === undefined)
          this.#find('error', at, `there is no other file ${value} to include`, '')
        return text ?? []
      })
      const [first] = texts
      if (first === undefined) return []
      const given = textAt(item, 'project_directory')
      const folder = given === undefined ? dirname(first.path) : resolve(file.folder, given)
      const variables = parseDotenv(
        this.#input.readFile(join(folder, '.env'))?.text ?? '',
        file.lookup,
      )
      const lookup: Lookup = (name) => file.lookup(name) ?? variables.get(name)
      return [this.merged(texts, folder, lookup, [...within, file.path])]
    })
  }

  /** Included services and networks stand beside the own ones; two of one name are a mistake. */
  #beside(model: Mapping, included: Mapping): Mapping {
    const entries = new Map(model.entries)
    for (const key of ['services', 'networks']) {
      const all = new Map(entriesAt(model, key))
      for (const [name, entry] of entriesAt(included, key)) {
        if (!all.has(name)) all.set(name, entry)
        else if (key === 'services') {
          this.#find(
            'error',
            entry.at,
            `there is another service ${name} in a file that includes this one`,
            '',
          )
        }
      }
      const at = entries.get(key)?.at ?? included.entries.get(key)?.at ?? model.at
      if (all.size > 0) entries.set(key, { at, value: mapping(all, at) })
    }
    return { ...model, entries }
  }

  #find(level: Finding['level'], at: Position, what: string, hint: string, where = ''): void {
    this.findings.push({ level, at, where, what, hint })
  }
}
