import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Docker } from '../../demo/docker.ts'
import { instanceOf } from '../../demo/folder.ts'
import { imageName } from '../../demo/image.ts'
import { processesOf } from '../../demo/leftovers.ts'
import { freePort } from '../support/ports.ts'

const root = resolve(import.meta.dirname, '../..')
const script = join(root, 'scripts', 'demo.mjs')
const docker = new Docker({ socketPath: '/var/run/docker.sock' })
const patienceMs = 60_000

type Demo = { readonly child: ChildProcess; output(): string }

let folder = ''
let port = 0
let demos: Demo[] = []
let wasImageThere = false

beforeAll(async () => {
  wasImageThere = await hasImage()
})

afterAll(async () => {
  if (!wasImageThere) await command('down', '--all')
  expect(await hasImage()).toBe(wasImageThere)
})

beforeEach(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'fairlead-demo-')), 'demo')
  port = await freePort()
  demos = []
})

afterEach(async () => {
  await command('down')
  for (const { child } of demos) {
    child.kill('SIGKILL')
    await until(() => child.exitCode !== null || child.signalCode !== null)
  }
  rmSync(resolve(folder, '..'), { recursive: true, force: true })
})

const env = () => ({ ...process.env, FAIRLEAD_DEMO_FOLDER: folder })

/** Starts the demo and resolves when it says that it is ready; throws with its output otherwise. */
async function startDemo(...args: readonly string[]): Promise<Demo> {
  const child = spawn(process.execPath, [script, '--port', String(port), ...args], {
    cwd: root,
    env: env(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  child.stdout.on('data', (chunk) => (text += String(chunk)))
  child.stderr.on('data', (chunk) => (text += String(chunk)))
  const demo = { child, output: () => text }
  demos.push(demo)
  let hasClosed = false
  child.once('close', () => (hasClosed = true))
  await until(() => text.includes('ready:') || hasClosed)
  if (!text.includes('ready:')) throw new Error(text)
  return demo
}

async function command(...args: readonly string[]): Promise<{ code: number; output: string }> {
  const run = promisify(execFile)(process.execPath, [script, ...args], { cwd: root, env: env() })
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      output: error.stdout + error.stderr,
    }),
  )
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + patienceMs
  while (!(await isTrue())) {
    if (Date.now() > deadlineMs) throw new Error('it does not come true')
    await sleep(25)
  }
}

/** How often each hostname answered, in `count` requests one after the other. */
async function hostnames(count: number): Promise<ReadonlyMap<string, number>> {
  const seen = new Map<string, number>()
  for (let i = 0; i < count; i += 1) {
    const response = await fetch(`http://127.0.0.1:${port}/`)
    const name = /<h1>(.*)<\/h1>/.exec(await response.text())?.[1] ?? `status ${response.status}`
    seen.set(name, (seen.get(name) ?? 0) + 1)
  }
  return seen
}

async function hasImage(): Promise<boolean> {
  const filters = JSON.stringify({ reference: [imageName] })
  const path = `/images/json?filters=${encodeURIComponent(filters)}`
  return (await docker.get<readonly unknown[]>(path)).length > 0
}

async function containers(): Promise<number> {
  const filters = JSON.stringify({ label: [`demo.fairlead.instance=${instanceOf(folder)}`] })
  const path = `/containers/json?all=1&filters=${encodeURIComponent(filters)}`
  return (await docker.get<readonly unknown[]>(path)).length
}

async function expectNothingLeft(): Promise<void> {
  expect(processesOf(folder)).toEqual([])
  expect(await containers()).toBe(0)
  expect(existsSync(folder)).toBe(false)
}

describe('the demo', () => {
  it('serves three containers in turn, follows scale, and leaves nothing at Ctrl-C', async () => {
    const demo = await startDemo()
    expect(demo.output()).toContain('run in containers')
    expect([...(await hostnames(30)).values()]).toEqual([10, 10, 10])

    const up = await command('scale', '6')
    expect(up.output).toContain('6 web servers take traffic')
    expect([...(await hostnames(30)).values()]).toEqual([5, 5, 5, 5, 5, 5])

    await command('scale', '2')
    expect(await containers()).toBe(2)
    expect([...(await hostnames(30)).values()]).toEqual([15, 15])

    demo.child.kill('SIGINT')
    await once(demo.child, 'exit')
    expect(demo.child.exitCode).toBe(0)
    await expectNothingLeft()
  })

  it('takes away after a kill -9 what it had started', async () => {
    const demo = await startDemo('--web', '2')
    demo.child.kill('SIGKILL')
    await once(demo.child, 'exit')
    expect((await command('scale', '3')).code).toBe(1)
    // HAProxy serves on without the demo.
    expect((await hostnames(2)).size).toBe(2)
    expect((await command('down')).output).toContain('took away')
    await expectNothingLeft()
  })

  it('runs processes that register themselves where asked to', async () => {
    const demo = await startDemo('--processes')
    expect(demo.output()).toContain('run in processes: asked for')
    expect([...(await hostnames(30)).values()]).toEqual([10, 10, 10])
    expect((await command('scale', '1')).output).toContain('1 web servers take traffic')
    expect([...(await hostnames(4)).values()]).toEqual([4])
    expect((await command('down')).output).toContain('the demo has ended')
    await until(() => demo.child.exitCode !== null)
    await expectNothingLeft()
  })

  it('runs processes, and says why, where no Docker answers', async () => {
    const before = process.env['DOCKER_HOST']
    process.env['DOCKER_HOST'] = `unix://${folder}-none.sock`
    try {
      const demo = await startDemo('--web', '1')
      expect(demo.output()).toMatch(/run in processes: no Docker daemon answers \(.*ENOENT/)
    } finally {
      if (before === undefined) delete process.env['DOCKER_HOST']
      else process.env['DOCKER_HOST'] = before
    }
  })

  it('refuses a second demo and a busy port in one line', async () => {
    await startDemo('--processes', '--web', '1')
    await expect(startDemo()).rejects.toThrow('A demo is running already.')
    const first = folder
    folder = `${folder}-second`
    await expect(startDemo()).rejects.toThrow(`127.0.0.1:${port} is in use by another program.`)
    expect(existsSync(folder)).toBe(false)
    folder = first
  })
})
