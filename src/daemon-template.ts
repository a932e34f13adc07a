import { readFile } from 'node:fs/promises'
import type { DaemonRouting } from './daemon-routing.ts'
import type { Paths } from './daemon-settings.ts'
import { configTemplate, readTemplates } from './daemon-template-files.ts'
import type { DesiredState } from './model/desired-state.ts'
import { FairleadError, messageOf } from './model/errors.ts'
import type { Problem } from './model/problem.ts'
import type { RoutingInput, RoutingResult } from './routing/contract.ts'
import type { Settings } from './settings/settings.ts'
import { writeFileAtomic } from './support/atomic-file.ts'
import type { Logger } from './support/log.ts'
import type { DependencyFailure, WatchedSource, WatchEvent } from './template/contract.ts'
import type { Dependency } from './template/dependency.ts'
import { locatedMessage } from './template/desired/located-message.ts'
import { RefusedStructure } from './template/desired/refused-structure.ts'
import { TemplateRouter } from './template/desired/template-router.ts'
import { TemplateError } from './template/template-error.ts'

export type TemplateParts = {
  readonly settings: Settings
  readonly paths: Paths
  readonly source: WatchedSource
  readonly log: Pick<Logger, 'warn' | 'info' | 'error'>
}

/** So many names are told; the rest by their number. */
const mostTold = 3

/**
 * Templates in the place of routing: follows what they depend on, tells when that has changed, and
 * reads their files anew when asked to.
 */
export class DaemonTemplates implements DaemonRouting {
  readonly #parts: TemplateParts
  readonly #router: TemplateRouter
  readonly #refused = new RefusedStructure()
  /** Names of the dependencies whose failure was logged, as long as they fail. */
  #logged: ReadonlySet<string> = new Set()
  readonly #copyPath: string | undefined
  #copied: string | undefined
  #copyProblem: Problem | undefined
  #rereadProblem: Problem | undefined
  #tell: (what: string) => void = () => undefined
  #wake: () => void = () => undefined

  private constructor(parts: TemplateParts, router: TemplateRouter) {
    this.#parts = parts
    this.#router = router
    const { settings, paths, source } = parts
    const { path } = configTemplate(settings.templates, paths.config) ?? { path: undefined }
    this.#copyPath = path === paths.config ? undefined : path
    source.onEvent((event) => this.#onEvent(event))
  }

  /** Throws TemplateFileError and TemplateError. */
  static async open(parts: TemplateParts): Promise<DaemonTemplates> {
    const { settings, paths, source } = parts
    const router = new TemplateRouter({
      templates: await readTemplates(settings, paths.config),
      source,
      managed: {
        socket: paths.workerSocket,
        hardStopMs: settings.hardStopMs,
        mostOldWorkers: settings.mostOldWorkers,
      },
      previous: await readIfThere(paths.config),
    })
    return new DaemonTemplates(parts, router)
  }

  route(input: RoutingInput): RoutingResult {
    return this.#router.route(input)
  }

  steer(wanted: DesiredState): DesiredState {
    return this.#refused.steer(wanted)
  }

  async applied(desired: DesiredState): Promise<void> {
    this.#refused.applied(desired)
    const text = this.#router.renderingOf(desired)
    if (this.#copyPath === undefined || text === undefined || text === this.#copied) return
    try {
      await writeFileAtomic(this.#copyPath, text, { mode: 0o644 })
      this.#copied = text
      this.#copyProblem = undefined
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error
      const where = `template, copy in ${this.#copyPath}`
      this.#copyProblem = { where, what: error.message, hint: 'HAProxy does not need it' }
    }
  }

  /** What a template gives is taken as a whole: of a refused one only the servers count. */
  failed(error: unknown, desired: DesiredState): Promise<boolean> {
    const isSteered = this.#refused.failed(error, desired)
    if (isSteered) this.#parts.log.error(messageOf(error))
    return Promise.resolve(isSteered)
  }

  explain(error: unknown, desired: DesiredState): unknown {
    return this.#router.explain(error, desired)
  }

  async ready(signal: AbortSignal): Promise<void> {
    let isTold = false
    const onAbort = (): void => this.#wake()
    signal.addEventListener('abort', onAbort, { once: true })
    while (!signal.aborted) {
      const news = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      if (this.#isPrepared()) break
      if (!isTold) this.#parts.log.info('waiting for what the templates depend on')
      isTold = true
      await news
    }
    signal.removeEventListener('abort', onAbort)
  }

  #isPrepared(): boolean {
    try {
      return this.#router.prepare()
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      throw new TemplateError('template_failed', locatedMessage(error.message), { cause: error })
    }
  }

  onNews(tell: (what: string) => void): void {
    this.#tell = tell
  }

  async reread(): Promise<void> {
    const { settings, paths, log } = this.#parts
    try {
      this.#router.replace(await readTemplates(settings, paths.config))
      this.#rereadProblem = undefined
      log.info('the templates were read again')
      this.#wake()
      this.#tell('templates read again')
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error
      const hint = 'the templates from before are used; mend them and send SIGHUP again'
      this.#rereadProblem = { where: 'template', what: error.message, hint }
      log.error(`the templates stay as they were: ${error.message}`)
    }
  }

  problems(): readonly Problem[] {
    const failing = this.#parts.source.failing()
    const byName = new Map(failing.map((each) => [each.dependency.name, each]))
    const told = [...byName.values()].slice(0, mostTold).map(({ dependency, error }): Problem => {
      const hint = 'what is known from before stays'
      return { where: `template, ${dependency.name}`, what: messageOf(error), hint }
    })
    const own = [this.#rereadProblem, this.#copyProblem].filter((each) => each !== undefined)
    return [...this.#refused.problems(), ...this.#router.problems(), ...own, ...told]
  }

  close(): Promise<void> {
    this.#parts.source.close()
    return Promise.resolve()
  }

  #onEvent(event: WatchEvent): void {
    if (event.kind === 'failed') return this.#onFailure(event.failure)
    this.#wake()
    this.#tell(told(event.dependencies))
  }

  /** Logs the first of a row: of services that are read together not every failure is told. */
  #onFailure({ dependency: { name }, error, failures }: DependencyFailure): void {
    const failing = new Set(this.#parts.source.failing().map((each) => each.dependency.name))
    const isLogged = failures > 1 && this.#logged.has(name)
    if (!isLogged) this.#parts.log.warn({ dependency: name }, messageOf(error))
    this.#logged = new Set([...this.#logged].filter((each) => failing.has(each))).add(name)
  }
}

function told(dependencies: readonly Dependency[]): string {
  const names = dependencies.slice(0, mostTold).map(({ name }) => name)
  const rest = dependencies.length - names.length
  return [...names, ...(rest > 0 ? [`${rest} more`] : [])].join(', ')
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}
