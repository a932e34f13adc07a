import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Settings } from '../settings/settings.ts'
import type { CliContext } from './context.ts'
import { FakeDaemon } from './testing/fake-daemon.ts'
import { run } from './program.ts'
import { fullReport, sampleEndpoint, sampleNowMs, webService } from './testing/sample-report.ts'

let folder = ''
let daemon = new FakeDaemon()
let releases: (() => unknown)[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-cli-'))
  daemon = new FakeDaemon()
  releases = []
})

afterEach(async () => {
  for (const release of releases) await release()
  rmSync(folder, { recursive: true, force: true })
})

type Outcome = { code: number; out: string; err: string }

async function fairlead(argv: string[], changes: Partial<CliContext> = {}): Promise<Outcome> {
  const outcome = { code: -1, out: '', err: '' }
  const context: CliContext = {
    environment: { FAIRLEAD_STATE_FOLDER: folder },
    isRoot: false,
    homeFolder: folder,
    isTerminal: false,
    cwd: folder,
    columns: 100,
    rows: 20,
    hasColour: false,
    out: (text) => {
      outcome.out += text
    },
    err: (text) => {
      outcome.err += text
    },
    now: () => sampleNowMs,
    untilInterrupted: () => AbortSignal.abort(),
    runDaemon: () => Promise.reject(new Error('no daemon is to be run here')),
    stopOrphan: () => Promise.resolve(false),
    ...changes,
  }
  outcome.code = await run(argv, context)
  return outcome
}

async function startDaemon(path = join(folder, 'admin.sock')): Promise<void> {
  await daemon.listen(path)
  releases.push(() => daemon.close())
}

describe('use', () => {
  it('shows help and ends with 2 when no command is given', async () => {
    const { code, err, out } = await fairlead([])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain('Usage: fairlead')
  })

  it.each([
    [['statsu'], "fairlead: unknown command 'statsu'\n hint: did you mean status?\n"],
    [['status', '--jsn'], "fairlead: unknown option '--jsn'\n hint: did you mean --json?\n"],
    [['up', '--htpp', '80'], "fairlead: unknown option '--htpp'\n hint: did you mean --http?\n"],
    [['drain'], "fairlead: missing required argument 'endpoint'\n hint: see fairlead --help\n"],
    [
      ['weight', 'web-1', '257'],
      'fairlead: 257 is not a weight\n hint: write a number from 0 to 256, or auto\n',
    ],
    [
      ['status', '--admin', 'ftp://x'],
      'fairlead: --admin ftp://x is not a URL\n hint: write http://ADDR:PORT\n',
    ],
  ])('ends with 2 and a suggestion for %j', async (argv, err) => {
    expect(await fairlead(argv)).toEqual({ code: 2, out: '', err })
  })

  it('prints the version in two ways', async () => {
    const { out } = await fairlead(['version'])
    expect(out).toMatch(/^fairlead \S+\n$/)
    expect(await fairlead(['--version'])).toEqual({ code: 0, out, err: '' })
  })
})

describe('up', () => {
  it('gives the daemon its settings and passes its exit code on', async () => {
    let seen: Settings | undefined
    const runDaemon = (settings: Settings): Promise<number> => {
      seen = settings
      return Promise.resolve(7)
    }
    const argv = ['up', '--http', '*:80', '--http', '[::]:80', '--published', '--gone-service=1m']
    expect(await fairlead(argv, { runDaemon })).toEqual({ code: 7, out: '', err: '' })
    expect(seen).toMatchObject({
      http: ['*:80', '[::]:80'],
      usePublished: true,
      goneServiceMs: 60_000,
      stateFolder: folder,
    })
    writeFileSync(join(folder, 'fairlead.yaml'), 'published: true')
    await fairlead(['up', '--no-published'], { runDaemon })
    expect(seen?.usePublished).toBe(false)
  })

  it('says every mistake in the settings on its own line and ends with 2', async () => {
    writeFileSync(join(folder, 'other.yaml'), 'nmae: x\n')
    const argv = ['up', '--config', 'other.yaml', '--gone-service', 'soon']
    expect(await fairlead(argv)).toEqual({
      code: 2,
      out: '',
      err:
        'fairlead: other.yaml:1:1 nmae: no such setting\n' +
        ' hint: did you mean name?\n' +
        'fairlead: --gone-service: "soon" is not a duration such as 500ms, 2s, 5m or 1h\n',
    })
  })
})

describe('finding the daemon', () => {
  it('ends with 3 and says how to start one when none answers', async () => {
    expect(await fairlead(['status'])).toEqual({
      code: 3,
      out: '',
      err:
        `fairlead: no daemon answers at ${folder}/admin.sock\n` +
        ' hint: start one with `fairlead up`, or name another with --name, --socket or --admin\n',
    })
  })

  it('finds it by name, by state folder, by socket and by the settings file', async () => {
    const environment = { XDG_STATE_HOME: folder }
    const own = join(folder, 'fairlead', 'blue')
    mkdirSync(own, { recursive: true })
    await startDaemon(join(own, 'admin.sock'))
    const codes = [
      await fairlead(['status', '--name', 'blue'], { environment }),
      await fairlead(['status'], { environment: { ...environment, FAIRLEAD_NAME: 'blue' } }),
      await fairlead(['status', '--state-folder', own]),
      await fairlead(['status', '--socket', 'fairlead/blue/admin.sock']),
      await fairlead(['status'], { environment }),
    ].map((outcome) => outcome.code)
    expect(codes).toEqual([0, 0, 0, 0, 3])
    writeFileSync(join(folder, 'fairlead.yaml'), 'name: blue\n')
    expect((await fairlead(['status'], { environment })).code).toBe(0)
    writeFileSync(join(folder, 'fairlead.yaml'), 'state-folder: fairlead/blue\n')
    expect((await fairlead(['status'], { environment: {} })).code).toBe(0)
  })

  it('asks by TCP with the token from its file', async () => {
    const port = await daemon.listen(0)
    releases.push(() => daemon.close())
    writeFileSync(join(folder, 'token'), 'secret\n', { mode: 0o600 })
    const environment = { FAIRLEAD_ADMIN_TOKEN_FILE: join(folder, 'token') }
    const outcome = await fairlead(['status', '--admin', `127.0.0.1:${port}`], { environment })
    expect(outcome.code).toBe(0)
    expect(daemon.headers.at(-1)?.authorization).toBe('Bearer secret')
    expect(daemon.headers.at(-1)?.host).toBe(`127.0.0.1:${port}`)
    const absent = await fairlead(['status', '--admin', 'http://127.0.0.1:1'])
    expect(absent).toMatchObject({ code: 3, out: '' })
  })

  it("passes on the daemon's own errors, and says so when it is something else", async () => {
    await startDaemon()
    const unknown = await fairlead(['explain', 'nothing'])
    expect(unknown).toEqual({
      code: 1,
      out: '',
      err: 'fairlead: nothing here\n hint: look elsewhere\n',
    })
    daemon.failure = { status: 502, body: '<h1>Bad gateway</h1>' }
    expect(await fairlead(['status'])).toMatchObject({
      code: 1,
      err: 'fairlead: the daemon answered 502: <h1>Bad gateway</h1>\n',
    })
    daemon.failure = { status: 200, body: '<h1>Welcome</h1>' }
    expect((await fairlead(['status'])).code).toBe(3)
  })
})

describe('status and explain', () => {
  it('print the report for people and for programs', async () => {
    await startDaemon()
    daemon.report = fullReport
    expect((await fairlead(['status'])).out).toContain('✓ web-1')
    const { out } = await fairlead(['status', '--json'])
    expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(fullReport)))
  })

  it('print the explanation for people and for programs', async () => {
    await startDaemon()
    daemon.explanation = { subject: '', kind: 'url', conclusion: 'it ends well', traces: [] }
    const url = 'http://a.localhost/?x=1&y=2'
    expect(await fairlead(['explain', url])).toEqual({
      code: 0,
      out: `URL ${url}\n\n→ it ends well\n`,
      err: '',
    })
    const { out } = await fairlead(['explain', '--json', 'x'])
    expect(JSON.parse(out)).toMatchObject({ subject: 'x', conclusion: 'it ends well' })
  })

  it('watch: draws again at each change, waits for a daemon that is away, and ends at Ctrl-C', async () => {
    await startDaemon()
    const interrupt = new AbortController()
    const frames: string[] = []
    const waiting: { isMet: (frame: string) => boolean; go: () => void }[] = []
    const frameWith = (isMet: (frame: string) => boolean): Promise<void> =>
      new Promise((go) => waiting.push({ isMet, go }))
    const out = (text: string): void => {
      frames.push(text)
      for (const each of waiting) if (each.isMet(text)) each.go()
    }
    const first = frameWith((frame) => frame.includes('No service yet'))
    const watching = fairlead(['status', '--watch'], {
      out,
      isTerminal: true,
      untilInterrupted: () => interrupt.signal,
    })
    await first
    const changed = frameWith((frame) => frame.includes('web-1'))
    daemon.report = fullReport
    daemon.sendChange()
    await changed
    const away = frameWith((frame) => frame.includes('no daemon answers'))
    await daemon.close()
    await away
    interrupt.abort()
    expect((await watching).code).toBe(0)
    expect(frames[0]).toContain('\u001b[?1049h')
    expect(frames.at(-1)).toContain('\u001b[?1049l')
    expect(frames.find((frame) => frame.includes('web-1'))).toContain('more lines')
  })
})

describe('confirm', () => {
  it.each([
    [[], undefined],
    [['demo-hostname'], 'demo-hostname'],
  ])('lets endpoints go and names them: %j', async (argv, service) => {
    await startDaemon()
    expect(await fairlead(['confirm', ...argv])).toEqual({
      code: 0,
      out: 'lab1:web-1:80: gone\nlab2:web-3:80: gone\n',
      err: '',
    })
    expect(daemon.confirmed).toEqual([service])
  })
})

describe("operator's words", () => {
  it.each([
    [['drain', 'web-1'], 'lab1:web-1:80', { state: 'drain' }],
    [['maint', 'lab1:web-2:80'], 'lab1:web-2:80', { state: 'maint' }],
    [['ready', 'lab1:gone:80'], 'lab1:gone:80', { state: 'ready' }],
    [['weight', 'web-3', '0'], 'lab2:web-3:80', { weight: 0 }],
    [['weight', 'lab2', 'auto'], 'lab2:web-3:80', { weight: null }],
  ])('%j is about one endpoint', async (argv, endpoint, word) => {
    await startDaemon()
    daemon.report = fullReport
    const { code, out } = await fairlead(argv)
    expect(code).toBe(0)
    expect(out.startsWith(`${endpoint}: `)).toBe(true)
    expect(daemon.words).toEqual([{ endpoint, word }])
  })

  it('show an id from outside without what a terminal obeys', async () => {
    await startDaemon()
    const id = 'a\u202e\u009b31mb'
    const service = { ...webService, endpoints: [sampleEndpoint({ id, candidate: 'a' })] }
    daemon.report = { ...fullReport, services: [service] }
    expect((await fairlead(['drain', 'a'])).out.startsWith('a·31mb: ')).toBe(true)
    expect((await fairlead(['weight', 'a', '5'])).out).toBe('a·31mb: weight 5\n')
    expect(daemon.words.map(({ endpoint }) => endpoint)).toEqual([id, id])
  })

  it('name the candidates of an ambiguous word, and what is near an unknown one', async () => {
    await startDaemon()
    daemon.report = fullReport
    expect(await fairlead(['drain', 'web'])).toEqual({
      code: 2,
      out: '',
      err:
        'fairlead: web may mean lab1:web-1:80, lab1:web-2:80, lab2:web-3:80\n' +
        ' hint: name one of them in full\n',
    })
    expect((await fairlead(['drain', 'wbe-1'])).err).toBe(
      'fairlead: there is no endpoint wbe-1\n hint: did you mean web-1?\n',
    )
    expect(await fairlead(['drain', 'db-1'])).toMatchObject({
      code: 1,
      err:
        'fairlead: db-1 is in no backend: it offers port 5432, and only websites are routed\n' +
        ' hint: give it the label fairlead.enable=true\n',
    })
    expect(daemon.words).toEqual([])
  })
})

describe('down', () => {
  it('ends the daemon and waits until it has gone', async () => {
    await startDaemon()
    expect(await fairlead(['down', '--name', 'blue'])).toEqual({
      code: 0,
      out: 'fairlead blue and its HAProxy have ended\n',
      err: '',
    })
  })

  it('says so when it takes longer than one wants to wait', async () => {
    await startDaemon()
    daemon.report = { ...daemon.report, pid: process.pid }
    let nowMs = sampleNowMs
    const now = (): number => (nowMs += 1000)
    expect(await fairlead(['down', '--wait', '3'], { now })).toMatchObject({
      code: 1,
      err:
        'fairlead: default is still serving requests under way\n' +
        ' hint: it ends by itself; ask again with a longer --wait\n',
    })
  })

  it('ends a HAProxy without its daemon, and is content when nothing runs', async () => {
    expect(await fairlead(['down'])).toMatchObject({
      code: 0,
      out: 'fairlead default is not running\n',
    })
    const seen: string[] = []
    const stopOrphan = (stateFolder: string): Promise<boolean> => {
      seen.push(stateFolder)
      return Promise.resolve(true)
    }
    const { out } = await fairlead(['down'], { stopOrphan })
    expect(out).toBe('no daemon ran, but the HAProxy of fairlead default did; it has ended\n')
    expect(seen).toEqual([folder])
    expect((await fairlead(['down', '--admin', '127.0.0.1:1'])).code).toBe(3)
  })
})
