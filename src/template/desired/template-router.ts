import { namedFiles } from '../../haproxy/config/named-files.ts'
import { ConfigSyntaxError } from '../../haproxy/config/syntax-error.ts'
import { ConfigRejectedError } from '../../haproxy/runtime/errors.ts'
import type { DesiredState } from '../../model/desired-state.ts'
import { FairleadError } from '../../model/errors.ts'
import type { Problem } from '../../model/problem.ts'
import type { RoutingInput, RoutingResult } from '../../routing/contract.ts'
import { lazy } from '../../support/lazy.ts'
import type { HealthService } from '../catalogue.ts'
import type { DependencySource } from '../contract.ts'
import type { Dependency } from '../dependency.ts'
import type { Program } from '../render/program.ts'
import type { ManagedSettings } from './additions.ts'
import { adminStates, placementsOf, routesOf, wishesFor } from './placements.ts'
import { explainRejection } from './rejection.ts'
import { RenderedTemplate } from './rendered-template.ts'
import { RenderedTextReader } from './rendered-text.ts'
import type { RenderedText } from './rendered-text.ts'
import { Strangers } from './strangers.ts'

/** The templates that together give a desired state. */
export type TemplateSet = {
  readonly config: Program
  /** Of files that the configuration names: absolute path → template. */
  readonly files: ReadonlyMap<string, Program>
}

export type TemplateRouterParts = {
  readonly templates: TemplateSet
  readonly source: Pick<DependencySource, 'recall' | 'follow'>
  readonly managed: ManagedSettings
  /** The text that HAProxy runs, as far as it is known. */
  readonly previous: string | undefined
}

type Rendered = {
  readonly config: RenderedTemplate
  /** By path. */
  readonly files: ReadonlyMap<string, RenderedTemplate>
}

/** A rendered text that could be read. */
type Good = { readonly rendering: string; readonly text: RenderedText }

/**
 * Stands where routing does, and makes desired states of what templates give. What cannot be
 * rendered, or makes no sense, leaves what was there before; `problems` has the reason.
 */
export class TemplateRouter {
  readonly #parts: TemplateRouterParts
  readonly #reader: RenderedTextReader
  readonly #strangers = new Strangers()
  #rendered: Rendered
  #good: Good | undefined
  #unreadable: ConfigSyntaxError | undefined
  #newest: { readonly desired: DesiredState; readonly rendering: string } | undefined

  constructor(parts: TemplateRouterParts) {
    this.#parts = parts
    this.#reader = new RenderedTextReader(parts.managed, parts.previous)
    this.#rendered = renderedOf(parts.templates)
  }

  /** Other templates from now on; what the ones before gave stays until these give something. */
  replace(templates: TemplateSet): void {
    this.#rendered = renderedOf(templates, this.#rendered)
  }

  /**
   * Evaluates all that has to be. True: there is something to route; false: answers are missing, and
   * nothing was ever rendered. Throws TemplateError where nothing was and an evaluation stops, and
   * ConfigSyntaxError for an output that cannot be a configuration.
   */
  prepare(): boolean {
    this.#render()
    if (this.#good !== undefined) return true
    if (this.#unreadable !== undefined) throw this.#unreadable
    for (const { text, state } of this.#all()) {
      if (text === undefined && state.kind === 'failed') throw state.error
    }
    return false
  }

  /** Call it once `prepare` has given true. */
  route(input: RoutingInput): RoutingResult {
    this.#render()
    const good = this.#good
    if (good === undefined) throw new FairleadError('internal', 'no template was rendered yet')
    const { text } = good
    const template = this.#rendered.config.program.name
    const known = this.#strangers.meet(input.snapshot, this.#instances(), input.hasAccepted)
    const context = { ...known, words: input.words }
    const wishes = wishesFor(context, text.servers)
    const sections = text.write(wishes.byServer)
    const config = lazy(() => sections.join(''))
    const { files, problems } = this.#files(good.rendering)
    const desired: DesiredState = {
      get config() {
        return config()
      },
      sections,
      files,
      servers: adminStates(text.servers, wishes.byServer),
    }
    this.#newest = { desired, rendering: good.rendering }
    const placements = lazy(() => placementsOf(context, text.servers, wishes, template))
    const routes = lazy(() => routesOf(input.snapshot, placements()))
    return {
      desired,
      memory: input.memory,
      problems: [...text.problems, ...problems],
      get routes() {
        return routes()
      },
      get placements() {
        return placements()
      },
      unproven: wishes.unproven,
      nextRunAtMs: undefined,
      template,
    }
  }

  /** Why a template gives nothing newer. */
  problems(): readonly Problem[] {
    const own = this.#all().flatMap((each) => each.problems())
    if (this.#unreadable === undefined) return own
    const where = `template ${this.#rendered.config.program.name}`
    const what = `its output is no configuration: ${this.#unreadable.message}`
    return [...own, { where, what, hint: 'what it gave before stays in force' }]
  }

  /** The error with which a state was refused; one about a line says which line, and whose. */
  explain(error: unknown, desired: DesiredState): unknown {
    if (!(error instanceof ConfigRejectedError)) return error
    if (this.#newest?.desired !== desired) return error
    const { program } = this.#rendered.config
    const { rendering } = this.#newest
    return explainRejection(error, { text: desired.config, rendering }, program, this.#parts.source)
  }

  /** What the configuration's template gave for the newest state, unchanged; undefined of others. */
  renderingOf(desired: DesiredState): string | undefined {
    return this.#newest?.desired === desired ? this.#newest.rendering : undefined
  }

  #all(): readonly RenderedTemplate[] {
    return [this.#rendered.config, ...this.#rendered.files.values()]
  }

  /** Of services, as the configuration's template knows them. */
  *#instances(): Generator<readonly HealthService[]> {
    for (const dependency of this.#rendered.config.used) {
      if (dependency.kind !== 'health.service') continue
      yield this.#parts.source.recall(dependency) ?? []
    }
  }

  #render(): void {
    const { source } = this.#parts
    const all = this.#all()
    for (const each of all) each.render(source)
    source.follow(new Map(all.flatMap(({ used }) => used.map(byName))).values())
    // A configuration and its files come into force together.
    const isWhole = all.every(({ text }) => text !== undefined)
    const rendering = this.#rendered.config.text
    if (!isWhole || rendering === undefined) return
    if (rendering === this.#good?.rendering) {
      this.#unreadable = undefined
      return
    }
    try {
      this.#good = { rendering, text: this.#reader.read(rendering) }
      this.#unreadable = undefined
    } catch (error) {
      if (!(error instanceof ConfigSyntaxError)) throw error
      this.#unreadable = error
    }
  }

  /** The rendered files that the configuration names, by the path that it names them by. */
  #files(config: string): {
    readonly files: ReadonlyMap<string, string>
    readonly problems: readonly Problem[]
  } {
    const { files: templates } = this.#rendered
    const files = new Map<string, string>()
    if (templates.size === 0) return { files, problems: [] }
    const named = new Set(namedFiles(config).map(({ path }) => path))
    const problems: Problem[] = []
    for (const [path, { text, program }] of templates) {
      if (named.has(path)) {
        if (text !== undefined) files.set(path, text)
        continue
      }
      const what = `the configuration does not name ${path}, so nothing is done with it`
      problems.push({ where: `template ${program.name}`, what, hint: 'name it by its whole path' })
    }
    return { files, problems }
  }
}

function renderedOf({ config, files }: TemplateSet, before?: Rendered): Rendered {
  const others = [...files].map(([path, program]) => {
    return [path, new RenderedTemplate(program, before?.files.get(path)?.text)] as const
  })
  return {
    config: new RenderedTemplate(config, before?.config.text),
    files: new Map(others),
  }
}

function byName(dependency: Dependency): readonly [string, Dependency] {
  return [dependency.name, dependency]
}
