import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryKnowledge } from '../test/support/memory-knowledge.ts'
import { routingInput } from '../test/support/routing.ts'
import { pathsOf } from './daemon-settings.ts'
import { configTemplate } from './daemon-template-files.ts'
import { DaemonTemplates } from './daemon-template.ts'
import { loadSettings } from './settings/load.ts'
import type { DependencyFailure, WatchedSource, WatchEvent } from './template/contract.ts'

let folder = ''
let source: Source

/** Also fails. */
class Source extends MemoryKnowledge implements WatchedSource {
  #tell: (event: WatchEvent) => void = () => undefined
  readonly #failing = new Map<string, DependencyFailure>()

  override onEvent(listener: (event: WatchEvent) => void): void {
    super.onEvent(listener)
    this.#tell = listener
  }

  failing(): readonly DependencyFailure[] {
    return [...this.#failing.values()]
  }

  fail(name: string, message: string, failures = 1): void {
    const dependency = { kind: 'file', path: '/x', name } as const
    const failure = { dependency, error: new Error(message), failures, retryInMs: 250 }
    this.#failing.set(name, failure)
    this.#tell({ kind: 'failed', failure })
  }

  heal(name: string): void {
    this.#failing.delete(name)
  }
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-template-'))
  source = new Source()
  warned = []
})

afterEach(() => rm(folder, { recursive: true, force: true }))

let warned: string[] = []
const log = {
  info: () => undefined,
  warn: (_fields: unknown, text?: string) => void warned.push(text ?? ''),
  error: () => undefined,
}

async function open(text: string, path?: string): Promise<DaemonTemplates> {
  const file = join(folder, 'haproxy.ctmpl')
  await writeFile(file, text)
  const settings = loadSettings({
    flags: { template: [path === undefined ? file : `${file}:${path}`], 'state-folder': folder },
    environment: {},
    cwd: folder,
    isRoot: false,
    homeFolder: folder,
    isTerminal: false,
    systemFolder: folder,
  })
  return DaemonTemplates.open({ settings, paths: pathsOf(folder), source, log })
}

const waiting = 'backend b\n  timeout queue {{key "queue"}}\n'

function textOf(templates: DaemonTemplates): string {
  return templates.route(routingInput([])).desired.config.split('global\n')[0] ?? ''
}

function told(templates: DaemonTemplates): readonly string[] {
  return templates.problems().map(({ where, what }) => `${where}: ${what}`)
}

describe('templates of the daemon', () => {
  it('are ready when what they depend on is known, and tell when it has changed', async () => {
    const templates = await open(waiting)
    const ready = templates.ready(new AbortController().signal)
    expect(told(templates)).toEqual([expect.stringContaining('waits for kv.block(queue)')])
    source.say('kv.block(queue)', '3s')
    await ready
    const news: string[] = []
    templates.onNews((what) => news.push(what))
    source.say('kv.block(queue)', '4s')
    expect(news).toEqual(['kv.block(queue)'])
    expect(textOf(templates)).toBe('backend b\n  timeout queue 4s\n')
    await templates.close()
    expect(source.isClosed).toBe(true)
  })

  it('wait no longer than fairlead runs', async () => {
    const templates = await open(waiting)
    const ending = new AbortController()
    const ready = templates.ready(ending.signal)
    ending.abort()
    await expect(ready).resolves.toBeUndefined()
  })

  it('show what cannot be asked until it is answered, be it as before', async () => {
    const templates = await open('backend b\n')
    source.fail('kv.block(a)', 'Consul is away')
    expect(told(templates)).toEqual(['template, kv.block(a): Consul is away'])
    source.heal('kv.block(a)')
    expect(told(templates)).toEqual([])
  })

  it('log what cannot be asked once, and once more when it had been answered', async () => {
    await open('backend b\n')
    source.fail('kv.block(a)', 'away')
    source.fail('kv.block(a)', 'still away', 2)
    source.fail('kv.block(b)', 'away as well')
    source.heal('kv.block(a)')
    source.fail('kv.block(a)', 'away again')
    source.fail('kv.block(a)', 'and again', 2)
    expect(warned).toEqual(['away', 'away as well', 'away again'])
  })

  it('are read again, and stay as they were where they cannot be read', async () => {
    const templates = await open('backend b\n')
    await templates.ready(new AbortController().signal)
    await writeFile(join(folder, 'haproxy.ctmpl'), 'backend c\n{{end}}')
    await templates.reread()
    expect(told(templates)).toEqual([expect.stringMatching(/haproxy\.ctmpl:2: .*end/)])
    expect(textOf(templates)).toBe('backend b\n')
    await writeFile(join(folder, 'haproxy.ctmpl'), 'backend c\n')
    await templates.reread()
    expect(told(templates)).toEqual([])
    expect(textOf(templates)).toBe('backend c\n')
  })

  it('copy the output as it is to the path of the configuration, once it is in force', async () => {
    const copy = join(folder, 'copy.cfg')
    const templates = await open('backend b', copy)
    await templates.ready(new AbortController().signal)
    const { desired } = templates.route(routingInput([]))
    await templates.applied(desired)
    expect(await readFile(copy, 'utf8')).toBe('backend b')
    const lost = await open('backend b', join(folder, 'not', 'there'))
    await lost.ready(new AbortController().signal)
    await lost.applied(lost.route(routingInput([])).desired)
    expect(told(lost)).toEqual([expect.stringMatching(/copy in .*: cannot write/)])
  })

  it('end the start where there is no file', async () => {
    const missing = { source: join(folder, 'nowhere'), path: undefined }
    expect(configTemplate([missing], '')).toBe(missing)
    const templates = await open('x')
    await rm(join(folder, 'haproxy.ctmpl'))
    await templates.reread()
    expect(told(templates)).toEqual([expect.stringContaining('cannot read the template')])
  })
})

it('the configuration is the template without a path, the managed one, or the first', () => {
  const [a, b, c] = ['/a', '/b', undefined].map((path) => ({ source: 's', path }))
  const all = [a, b, c].filter((each) => each !== undefined)
  expect(configTemplate(all, '/b')).toBe(c)
  expect(configTemplate(all.slice(0, 2), '/b')).toBe(b)
  expect(configTemplate(all.slice(0, 2), '/x')).toBe(a)
})
