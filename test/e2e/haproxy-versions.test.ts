import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { haproxyPrograms } from '../support/haproxies.ts'

const lib = resolve(import.meta.dirname, '../../scripts/lib')

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-versions-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A stand-in that says what a HAProxy of the version says to `-v`. */
function program(path: string, version: string): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `#!/bin/sh\necho 'HAProxy version ${version} 2026/01/01 - https://x.test/'\n`)
  chmodSync(path, 0o755)
  return path
}

/** A script's end, run with these programs on PATH and nothing of this machine's cache. */
function script(name: string, call: string, environment: Record<string, string> = {}) {
  const code = `process.getuid = () => 1000;
    const script = await import(${JSON.stringify(join(lib, name))});
    const { runMain } = await import(${JSON.stringify(join(lib, 'progress.mjs'))});
    await runMain(async () => ${call});`
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
    env: { PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache'), ...environment },
  })
  return { status: result.status, stdout: result.stdout, stderr: result.stderr }
}

const find = (environment?: Record<string, string>): unknown => {
  const call = 'console.log(JSON.stringify(script.findHaproxies()))'
  return JSON.parse(script('haproxy-lines.mjs', call, environment).stdout)
}

describe('the HAProxy of each line', () => {
  it('is one of that line, whatever its place is called', () => {
    const onPath = program(join(folder, 'bin/haproxy'), '3.2.26-1')
    program(join(folder, 'cache/fairlead/haproxy/3.0/usr/sbin/haproxy'), '3.0.11')
    program(join(folder, 'cache/fairlead/haproxy/2.6/usr/sbin/haproxy'), '2.4.1')
    const unpacked = join(folder, 'cache/fairlead/haproxy/3.4/usr/sbin/haproxy')
    program(unpacked, '3.5-dev5')
    expect(find()).toEqual([
      { line: '3.0', path: onPath, version: '3.2.26-1' },
      { line: '3.4', path: unpacked, version: '3.5-dev5' },
    ])
  })

  it('is the one that its variable names, before any other', () => {
    program(join(folder, 'bin/haproxy'), '2.6.12')
    const named = program(join(folder, 'mine'), '2.8.5')
    expect(find({ FAIRLEAD_HAPROXY_2_6: named })).toEqual([
      { line: '2.6', path: named, version: '2.8.5' },
    ])
  })

  it('is refused with a word when its variable names something else', () => {
    const named = program(join(folder, 'mine'), '2.8.5')
    const environment = { FAIRLEAD_HAPROXY_3_4: named }
    const wrong = script('haproxy-lines.mjs', 'script.findHaproxies()', environment)
    expect(wrong.status).toBe(1)
    expect(wrong.stderr).toContain(`FAIRLEAD_HAPROXY_3_4 wants a HAProxy 3.4; ${named} is HAProxy`)
    const nothing = { FAIRLEAD_HAPROXY_3_4: join(folder, 'nothing') }
    const missing = script('haproxy-lines.mjs', 'script.findHaproxies()', nothing)
    expect(missing.stderr).toContain('ENOENT')
  })

  it('is not brought when it is there, and named when it cannot be', () => {
    const variables = {
      FAIRLEAD_HAPROXY_2_6: program(join(folder, '2.6'), '2.6.12'),
      FAIRLEAD_HAPROXY_3_4: program(join(folder, '3.4'), '3.4.7'),
    }
    const call = 'script.ensureHaproxies()'
    const missing = script('haproxies.mjs', call, variables)
    expect(missing.status).toBe(1)
    expect(missing.stderr).toContain('HAProxy 3.0 is missing and cannot be brought: There is no')
    expect(missing.stderr).toContain('FAIRLEAD_HAPROXY_3_0=/path/to/haproxy')
    const last = { FAIRLEAD_HAPROXY_3_0: program(join(folder, '3.0'), '3.0.11') }
    const all = script('haproxies.mjs', call, { ...variables, ...last })
    expect(all).toEqual({ status: 0, stdout: '', stderr: '' })
  })
})

describe('the packages of a HAProxy', () => {
  const value = (call: string): unknown =>
    JSON.parse(script('haproxies.mjs', `console.log(JSON.stringify(${call}))`).stdout)

  it('are of the oldest version of the line that Debian has', () => {
    const madison = [
      ' haproxy | 3.5~dev5-1 | http://x.test/debian experimental/main amd64 Packages',
      ' haproxy |    3.4.7-1 | http://x.test/debian sid/main amd64 Packages',
      ' haproxy |   3.2.26-1 | http://x.test/debian sid/main amd64 Packages',
    ].join('\n')
    expect(value(`script.versionOf('3.4', ${JSON.stringify(madison)})`)).toBe('3.4.7-1')
    const none = script('haproxies.mjs', `script.versionOf('2.6', ${JSON.stringify(madison)})`)
    expect(none.stderr).toContain('3.5~dev5-1 and 3.4.7-1 and 3.2.26-1')
  })

  it('are read with the first of alternatives, without versions and architectures', () => {
    const shown = [
      'Package: libssl3t64',
      'Version: 3.6.5-1',
      'Pre-Depends: libc6:any',
      'Depends: libzstd1 (>= 1.5.5) | libzstd0, zlib1g (>= 1:1.1.4)',
      'Section: libs',
      '',
      'Package: adduser',
      'Version: 3.1',
      'Section: admin',
      '',
      'N: Cannot find x',
    ].join('\n')
    expect(value(`script.parsePackages(${JSON.stringify(shown)})`)).toEqual([
      {
        name: 'libssl3t64',
        version: '3.6.5-1',
        section: 'libs',
        dependencies: ['libc6', 'libzstd1', 'zlib1g'],
      },
      { name: 'adduser', version: '3.1', section: 'admin', dependencies: [] },
    ])
  })
})

describe.each(haproxyPrograms())('HAProxy $line on this machine', ({ path, version }) => {
  it('runs, also by another name and with an empty environment', () => {
    const link = join(folder, 'haproxy')
    symlinkSync(path, link)
    const { stdout } = spawnSync(link, ['-v'], { encoding: 'utf8', env: {} })
    expect(stdout).toContain(`HAProxy version ${version} `)
  })
})
