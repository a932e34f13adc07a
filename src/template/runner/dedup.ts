import { createHash } from 'node:crypto'
import { BoundedConsul } from '../../consul-catalogue/bounded-consul.ts'
import type { Consul } from '../../consul/contract.ts'
import { pathPart } from '../../consul/clean-path.ts'
import { ConsulError } from '../../consul/errors.ts'
import { watch } from '../../consul/watch.ts'
import { messageOf } from '../../model/errors.ts'
import type { Clock } from '../../support/clock.ts'
import type { RunnerConfig } from '../config/contract.ts'
import type { AnswerOf } from '../catalogue.ts'
import type { Knowledge } from '../contract.ts'
import type { Dependency } from '../dependency.ts'
import { readShared, sharedText } from './shared-text.ts'
import { shownTemplate, type LoadedTemplate } from './load-templates.ts'
import { KeptKey } from './kept-key.ts'
import type { Log } from './log.ts'
import { LockSession } from './lock-session.ts'
import type { Sharing } from './sharing.ts'

/** Consul takes no larger value (`kv_max_value_size`). */
const mostValueBytes = 512 * 1024
/** What stands in place of answers that are larger: everybody asks for himself. */
const tooLarge = 'too large'
const lockAgainMs = 1000

const nothing: Knowledge = { recall: () => undefined }

type Pair = { readonly Key: string; readonly Value: string | null; readonly Session?: string }

/**
 * `undecided`: nothing is known yet, and nobody is asked. `leader`: asks Consul, and gives others
 * the answers. `follower`: uses those. `alone`: asks too, since the answers are too large.
 */
type Role = 'undecided' | 'leader' | 'follower' | 'alone'

type Shared = {
  readonly template: LoadedTemplate
  /** Of its keys; the same in every program with the same template. */
  readonly prefix: string
  role: Role
  answers: Knowledge
  /** The leader's answers in the key-value store, as a follower knows them. */
  text: string
  /** Where a leader gives its answers. */
  readonly key: KeptKey
}

/**
 * Several programs with the same templates elect one of them for each template, by a lock in
 * Consul's key-value store; only that one asks Consul, the others evaluate with its answers. When it
 * ends another one takes over. Only programs of this kind understand each other: the original keeps
 * its answers in another form.
 */
export class Deduplication implements Sharing {
  readonly #consul: Consul
  readonly #shared: readonly Shared[]
  readonly #session: LockSession
  readonly #clock: Clock
  readonly #log: Log
  readonly #isStale: boolean
  readonly #stop = new AbortController()
  #onChange: (index: number) => void = () => undefined
  #watches: Promise<unknown> = Promise.resolve()

  constructor(
    consul: Consul,
    setting: NonNullable<RunnerConfig['deduplicate']>,
    templates: readonly LoadedTemplate[],
    around: { readonly clock: Clock; readonly log: Log },
  ) {
    // Each answer is looked at before anything is taken from it.
    this.#consul = new BoundedConsul(consul)
    this.#clock = around.clock
    this.#log = around.log
    this.#isStale = setting.mostStaleMs > 0
    this.#session = new LockSession(consul, setting.ttlMs, around)
    const prefix = setting.prefix.replace(/\/*$/, '/')
    this.#shared = templates.map((template) => {
      const own = `${prefix}${hashOf(template)}`
      const key = this.#keyOf(template, `${keyPath(own)}/data`)
      return { template, prefix: own, role: 'undecided', answers: nothing, text: '', key }
    })
  }

  isLeader(index: number): boolean {
    const role = this.#shared[index]?.role
    return role === 'leader' || role === 'alone'
  }

  knowledgeOf(index: number): Knowledge {
    return {
      recall: <D extends Dependency>(dependency: D): AnswerOf[D['kind']] | undefined =>
        this.#shared[index]?.answers.recall(dependency),
    }
  }

  publish(index: number, used: readonly Dependency[], knowledge: Knowledge): void {
    const shared = this.#shared[index]
    if (shared?.role !== 'leader') return
    const inConsul = used.filter(({ kind }) => kind !== 'file')
    const whole = sharedText(inConsul, knowledge)
    shared.key.keep(whole.length > mostValueBytes ? tooLarge : whole)
  }

  start(onChange: (index: number) => void): void {
    this.#onChange = onChange
    this.#watches = Promise.all([
      this.#session.keep(this.#stop.signal),
      ...this.#shared.map((shared, index) => this.#follow(shared, index)),
    ])
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#watches
    await Promise.all(this.#shared.map(({ key }) => key.ended()))
    const led = this.#shared.filter(({ role }) => role === 'leader')
    await this.#session.end(led.map(({ prefix }) => lockPath(prefix)))
    this.#consul.close()
  }

  /** Learns who leads and what the answers are, and takes a lock that is free. */
  async #follow(shared: Shared, index: number): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const round = new AbortController()
      const stop = (): void => round.abort()
      signal.addEventListener('abort', stop, { once: true })
      try {
        await this.#followUntilFree(shared, index, round.signal)
        if (signal.aborted) return
        await this.#lock(shared, index)
        // Also with the lock: a server that is behind does not know of it yet, and would be asked without end.
        await this.#clock.sleep(lockAgainMs, signal)
      } finally {
        signal.removeEventListener('abort', stop)
        round.abort()
      }
    }
  }

  /** Resolves when nobody has the lock. */
  async #followUntilFree(shared: Shared, index: number, signal: AbortSignal): Promise<void> {
    const query = { recurse: true, stale: this.#isStale || undefined } as const
    const path = keyPath(shared.prefix)
    const options = { query, clock: this.#clock, signal, waitMs: 60_000 }
    for await (const { value } of watch<readonly Pair[] | undefined>(this.#consul, path, options)) {
      const pairs = value ?? []
      const holder = pairs.find(({ Key }) => Key === `${shared.prefix}/lock`)?.Session
      const text = textOf(pairs.find(({ Key }) => Key === `${shared.prefix}/data`))
      if (holder === undefined) return
      if (holder === this.#session.id) {
        this.#become(shared, index, 'leader')
        shared.key.found(text)
      } else this.#take(shared, index, text)
    }
  }

  async #lock(shared: Shared, index: number): Promise<void> {
    await this.#session.opened
    const id = this.#session.id
    if (id === undefined) return
    try {
      const path = lockPath(shared.prefix)
      const hasIt = await this.#consul.put<boolean>(path, '', { query: { acquire: id } })
      if (hasIt) this.#become(shared, index, 'leader')
    } catch (error) {
      this.#warn(shared.template, 'cannot take the lock', error)
    }
  }

  /** The answers of another one. */
  #take(shared: Shared, index: number, text: string): void {
    if (text === tooLarge) {
      this.#become(shared, index, 'alone')
      return
    }
    const isNew = text !== shared.text || shared.role !== 'follower'
    shared.text = text
    shared.answers = readShared(text) ?? nothing
    if (shared.role !== 'follower') this.#become(shared, index, 'follower')
    else if (isNew) this.#onChange(index)
  }

  #become(shared: Shared, index: number, role: Role): void {
    if (shared.role === role) return
    shared.role = role
    shared.key.release()
    this.#log.info('dedup', `${role} for ${shownTemplate(shared.template)}`)
    this.#onChange(index)
  }

  #keyOf(template: LoadedTemplate, path: string): KeptKey {
    const { signal } = this.#stop
    return new KeptKey({
      write: (text) => this.#consul.put(path, text, { signal }),
      onFailure: (error) => this.#warn(template, 'cannot share answers', error),
      clock: this.#clock,
      signal,
    })
  }

  #warn(template: LoadedTemplate, what: string, error: unknown): void {
    if (!(error instanceof ConsulError)) throw error
    if (this.#stop.signal.aborted) return
    this.#log.warn('dedup', `${shownTemplate(template)}: ${what}: ${messageOf(error)}`)
  }
}

function hashOf({ program, setting }: LoadedTemplate): string {
  const { leftDelimiter, rightDelimiter } = setting
  const text = [leftDelimiter, rightDelimiter, program.text].join('\0')
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

const keyPath = (key: string): string => `/v1/kv/${key.split('/').map(pathPart).join('/')}`
const lockPath = (prefix: string): string => `${keyPath(prefix)}/lock`

function textOf(pair: Pair | undefined): string {
  return Buffer.from(pair?.Value ?? '', 'base64').toString()
}
