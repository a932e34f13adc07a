import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const lib = resolve(import.meta.dirname, '../../scripts/lib')
const load = (name: string): Promise<unknown> => import(join(lib, name))

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-scripts-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('holding services back during apt-get', () => {
  const hold = async (path: string): Promise<() => void> => {
    const guard = (await load('service-guard.mjs')) as { holdServices(path: string): () => void }
    return guard.holdServices(path)
  }
  const answer = (path: string, ...args: string[]) => spawnSync(path, args).status

  it('forbids haproxy, docker and consul, allows others, and leaves no policy behind', async () => {
    const path = join(folder, 'policy-rc.d')
    const release = await hold(path)
    expect(answer(path, 'haproxy', 'start')).toBe(101)
    expect(answer(path, 'docker.service', 'start')).toBe(101)
    expect(answer(path, 'consul', 'start')).toBe(101)
    expect(answer(path, 'ssh', 'restart')).toBe(0)
    release()
    release()
    expect(existsSync(path)).toBe(false)
  })

  it('asks an existing policy for other services and puts it back', async () => {
    const path = join(folder, 'policy-rc.d')
    const before = '#!/bin/sh\nexit 104\n'
    writeFileSync(path, before)
    chmodSync(path, 0o755)
    const release = await hold(path)
    expect(answer(path, 'haproxy', 'start')).toBe(101)
    expect(answer(path, 'ssh', 'restart')).toBe(104)
    release()
    expect(readFileSync(path, 'utf8')).toBe(before)
  })

  it('puts right what a killed run left, and releases when the process exits', async () => {
    const path = join(folder, 'policy-rc.d')
    writeFileSync(path, '#!/bin/sh\nexit 104\n')
    const code = `const { holdServices } = await import(${JSON.stringify(join(lib, 'service-guard.mjs'))});
      holdServices(${JSON.stringify(path)});`
    const node = (end: string) =>
      spawnSync(process.execPath, ['--input-type=module', '-e', `${code}${end}`])
    node("process.kill(process.pid, 'SIGKILL')")
    expect(answer(path, 'haproxy', 'start')).toBe(101)
    node('process.exit(3)')
    expect(readFileSync(path, 'utf8')).toContain('104')
  })
})

describe('what is missing', () => {
  it('is named with the command that installs it, and exit code 1', () => {
    const code = `process.getuid = () => 1000;
      const { ensureProgram } = await import(${JSON.stringify(join(lib, 'programs.mjs'))});
      const { runMain } = await import(${JSON.stringify(join(lib, 'progress.mjs'))});
      await runMain(() => ensureProgram('no-such-program', 'haproxy'));`
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'apt-get'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    const result = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
      env: { PATH: bin },
    })
    expect(result.status).toBe(1)
    expect(result.stderr).toContain('no-such-program is not installed. Install it with:')
    expect(result.stderr).toContain('sudo apt-get install -y --no-install-recommends haproxy')
  })
})

describe('consul', () => {
  const ensure = (bin: string) => {
    const code = `process.getuid = () => 1000;
      const { ensureConsul } = await import(${JSON.stringify(join(lib, 'consul.mjs'))});
      const { runMain } = await import(${JSON.stringify(join(lib, 'progress.mjs'))});
      await runMain(ensureConsul);`
    const node = ['--input-type=module', '-e', code]
    return spawnSync(process.execPath, node, { encoding: 'utf8', env: { PATH: bin } })
  }

  it('is named with the command that brings it, and not looked for when it is on PATH', () => {
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'apt-get'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    const missing = ensure(bin)
    expect(missing.status).toBe(1)
    expect(missing.stderr).toContain('consul is not installed. Install it with:')
    expect(missing.stderr).toContain('sudo node scripts/setup.mjs --consul')
    writeFileSync(join(bin, 'consul'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    expect(ensure(bin)).toMatchObject({ status: 0, stderr: '' })
  })
})

describe('packages of other Debian releases', () => {
  it("come from the site of the machine's own Debian source, whatever stands before it", async () => {
    const { siteOf } = (await load('other-release.mjs')) as {
      siteOf: (targets: string, codename: string | undefined) => string | undefined
    }
    const targets = [
      'Vendor|bookworm|bookworm|main|http://vendor.test/apt',
      'Debian|bookworm-updates|bookworm-updates|main|http://updates.test/debian',
      'Debian|bookworm|bookworm|contrib|http://contrib.test/debian',
      'Debian|stable|bookworm|main|http://mirror.test/debian',
      '',
    ].join('\n')
    expect(siteOf(targets, 'bookworm')).toBe('http://mirror.test/debian')
    expect(siteOf(targets, 'trixie')).toBeUndefined()
    expect(siteOf(targets, undefined)).toBeUndefined()
  })
})

describe('npm ci', () => {
  const npm =
    '#!/bin/sh\necho "$@" >>calls\nmkdir -p node_modules\ntouch node_modules/.package-lock.json\n'

  it('runs when node_modules is missing or older than package-lock.json, and only then', () => {
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'npm'), npm, { mode: 0o755 })
    writeFileSync(join(folder, 'package-lock.json'), '{}')
    const code = `const { ensureNodeModules } = await import(${JSON.stringify(join(lib, 'node-modules.mjs'))});
      await ensureNodeModules(${JSON.stringify(folder)})`
    const ensure = () =>
      execFileSync(process.execPath, ['--input-type=module', '-e', code], {
        env: { PATH: `${bin}:${process.env['PATH']}` },
      })
    const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n').length
    ensure()
    ensure()
    expect(calls()).toBe(1)
    const later = Date.now() / 1000 + 60
    utimesSync(join(folder, 'package-lock.json'), later, later)
    ensure()
    expect(calls()).toBe(2)
  })
})

describe('the arguments of the demo', () => {
  const parse = async (...args: string[]): Promise<unknown> => {
    const module = (await load('demo-arguments.mjs')) as { parseCommand(args: string[]): unknown }
    return module.parseCommand(args)
  }

  it('give one of three commands', async () => {
    expect(await parse()).toEqual({ name: 'up', web: 3, port: 8080, processes: false })
    expect(await parse('--web', '10', '-p', '81', '--processes')).toEqual({
      name: 'up',
      web: 10,
      port: 81,
      processes: true,
    })
    expect(await parse('scale', '20')).toEqual({ name: 'scale', web: 20 })
    expect(await parse('down', '--all')).toEqual({ name: 'down', all: true })
  })

  it.each([
    ['scale'],
    ['scale', 'many'],
    ['scale', '201'],
    ['--web', '-1'],
    ['--port', '0'],
    ['x'],
  ])('are refused with a word when they make no sense: %s %s', async (...args) => {
    await expect(parse(...args.filter((arg) => arg !== undefined))).rejects.toThrow(/\w/)
  })
})
