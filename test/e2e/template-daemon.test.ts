import { chmod, mkdir, symlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startFaultProxy, type FaultProxy } from '../support/consul/fault-proxy.ts'
import { TemplateLab, type TemplateRoom } from './support/template-lab.ts'

let lab: TemplateLab
let room: TemplateRoom

beforeAll(async () => {
  lab = await TemplateLab.open()
})

beforeEach(async () => {
  room = await lab.room()
})

afterEach(async () => {
  await lab.clear()
})

afterAll(async () => {
  await lab?.close()
})

/** `out` follows the key `a`; each command writes a line into `log`. */
const following = ['-template', 'a.tpl:out:echo ran >> log; true'] as const

describe('a file that follows Consul', () => {
  it('is written anew by each change, with one command a change', async () => {
    await room.write('a.tpl', '{{key "a"}}')
    await lab.putKey('a', '1')
    const run = room.start(...following)
    for (const value of ['1', '2', '3']) {
      await lab.putKey('a', value)
      await room.untilFile('out', value)
    }
    await room.untilLines('log', 3)
    expect(await run.end('SIGTERM')).toBe(0)
    expect(await room.lines('log')).toHaveLength(3)
    expect(run.stderr).toBe('')
  })

  it('is written once for many changes that come within its wait', async () => {
    await room.write('a.tpl', '{{range ls "many"}}{{.Key}} {{end}}')
    const keys = Array.from({ length: 30 }, (_, at) => `k${10 + at}`)
    await lab.putKey('many/k', '')
    const run = room.start('-wait', '5s:40s', ...following)
    await room.untilFile('out', 'k ')
    // Together, so that no pause between two of them is as long as the wait.
    await Promise.all(keys.map((key) => lab.putKey(`many/${key}`, '')))
    await room.untilFile('out', `k ${keys.join(' ')} `)
    await room.untilLines('log', 2)
    expect(await run.end('SIGINT')).toBe(12)
    expect(await room.lines('log')).toHaveLength(2)
  })

  it('keeps its value when the key is deleted, and follows when it is back', async () => {
    await room.write('a.tpl', '{{key "a"}}')
    await lab.putKey('a', '1')
    const run = room.start(...following)
    await room.untilFile('out', '1')
    await lab.deleteKey('a')
    await lab.putKey('b', 'x')
    await lab.putKey('a', '2')
    await room.untilFile('out', '2')
    await room.untilLines('log', 2)
    await run.end('SIGTERM')
    expect(await room.lines('log')).toHaveLength(2)
  })

  it('stays as it is while Consul is away, and follows when it is back', async () => {
    const proxy: FaultProxy = await startFaultProxy(lab.consul.url)
    try {
      lab.address = proxy.url.replace('http://', '')
      await room.write('a.tpl', '{{key "a"}}')
      await lab.putKey('a', '1')
      const run = room.start('-consul-retry-backoff', '20ms', ...following)
      await room.untilFile('out', '1')
      const inode = await room.inode('out')
      await proxy.refuse()
      await room.until('it is missed', () => /retry attempt 3/.test(run.stderr))
      expect([await room.inode('out'), await room.file('out')]).toEqual([inode, '1'])
      await lab.putKey('a', '2')
      await proxy.accept()
      await room.untilFile('out', '2')
      expect(await run.end('SIGTERM')).toBe(0)
    } finally {
      await proxy.close()
    }
  })

  it('is whole after the program was killed, and nothing grows beside it', async () => {
    await room.write('a.tpl', '{{range loop 20000}}{{key "a"}}\n{{end}}')
    await lab.putKey('a', '0')
    for (let round = 1; round <= 5; round++) {
      const run = room.start('-template', 'a.tpl:out')
      await room.until('it is written', async () =>
        (await room.file('out')).startsWith(`${round - 1}\n`),
      )
      // Somewhere in the writing of the next.
      await lab.putKey('a', String(round))
      await room.until('it writes', async () => {
        const names = await room.names()
        return (
          names.some((name) => name.endsWith('.tmp')) ||
          (await room.file('out')).startsWith(`${round}\n`)
        )
      })
      await run.end('SIGKILL')
      const lines = await room.lines('out')
      expect(lines).toHaveLength(20_000)
      expect(new Set(lines).size).toBe(1)
      expect((await room.names()).length).toBeLessThanOrEqual(3)
    }
    expect(await room.start('-once', '-template', 'a.tpl:out').exit).toBe(0)
    expect(await room.names()).toEqual(['a.tpl', 'out'])
  })

  it('is read anew with its configuration by SIGHUP', async () => {
    await lab.putKey('a', '1')
    const config = (text: string): Promise<void> =>
      room.write(
        'c.hcl',
        `template { contents = "${text}" destination = "out" command = "echo ran >> log; true" }`,
      )
    await config('one {{key \\"a\\"}}')
    const run = room.start('-config', 'c.hcl')
    await room.untilFile('out', 'one 1')
    await config('two {{key \\"a\\"}}')
    run.signal('SIGHUP')
    await room.untilFile('out', 'two 1')
    await room.untilLines('log', 2)
    await room.write('c.hcl', 'template { bogus = 1 }')
    run.signal('SIGHUP')
    await room.until('the mistake is said', () => run.stderr.includes('not reloaded'))
    await lab.putKey('a', '2')
    await room.untilFile('out', 'two 2')
    expect(run.stderr).toContain('Reloading configuration...\n')
    expect(await run.end('SIGINT')).toBe(12)
    expect(run.stderr.endsWith('Cleaning up...\n')).toBe(true)
  })
})

describe('the program beneath', () => {
  const line = (signal: string): string =>
    `trap "echo ${signal} >> seen" ${signal}; trap "exit 4" TERM; echo start $(cat out) >> seen; ` +
    'while :; do sleep 0.05; done'

  beforeEach(async () => {
    await room.write('a.tpl', '{{key "a"}}')
    await lab.putKey('a', '1')
  })

  it('is started when all is rendered, and told of each change by its signal', async () => {
    const run = room.start(...following, '-exec', line('USR1'), '-exec-reload-signal', 'SIGUSR1')
    await room.untilLines('seen', 1)
    await lab.putKey('a', '2')
    await room.untilLines('seen', 2)
    expect(await room.lines('seen')).toEqual(['start 1', 'USR1'])
    expect(await run.end('SIGTERM')).toBe(0)
  })

  it('is started anew by each change without a signal', async () => {
    const run = room.start(...following, '-exec', 'echo start $(cat out) >> seen; exec sleep 1000')
    await room.untilLines('seen', 1)
    await lab.putKey('a', '2')
    await room.untilLines('seen', 2)
    expect(await room.lines('seen')).toEqual(['start 1', 'start 2'])
    expect(await run.end('SIGINT')).toBe(12)
  })

  it('gets SIGTERM with the original’s way, and its exit code is the program’s', async () => {
    const run = room.start('-sigterm', 'ignore', ...following, '-exec', line('USR1'))
    await room.untilLines('seen', 1)
    expect(await run.end('SIGTERM')).toBe(4)
    expect(run.stderr).toContain('child process died with exit code 4')
  })
})

describe('settings of the process', () => {
  it('a template that depends on nothing: it goes on until a signal ends it', async () => {
    await room.write('a.tpl', 'x')
    const run = room.start(...following)
    await room.untilFile('out', 'x')
    for (let reloads = 1; reloads <= 5; reloads += 1) {
      run.child.kill('SIGHUP')
      await room.until('it reloads', () => run.stderr.split('Reloading').length === reloads + 1)
    }
    expect(await run.end('SIGTERM')).toBe(0)
  })

  it('a pid file, a log file and a log level', async () => {
    await room.write('a.tpl', 'x')
    const log = ['-log-level', 'info', '-log-file', 'deep/ct.log']
    const run = room.start('-pid-file', 'pid', ...log, ...following)
    await room.untilFile('out', 'x')
    expect(await room.file('pid')).toBe(String(run.child.pid))
    expect(await run.end('SIGTERM')).toBe(0)
    expect(await room.names()).not.toContain('pid')
    const line =
      /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6} \[INFO\] \(runner\) rendered "a.tpl" => "out"$/m
    expect(run.stderr).toMatch(line)
    expect(await room.file('deep/ct.log')).toMatch(line)
  })

  it('syslog by the program logger, and no start without that', async () => {
    await room.write('a.tpl', 'x')
    await room.write('logger', '#!/bin/sh\necho "$@" >> args\nexec cat >> lines\n')
    await chmod(room.path('logger'), 0o755)
    const args = ['-once', '-log-level', 'info', '-syslog', '-syslog-name', 'ct', ...following]
    const node = dirname(process.execPath)
    const found = lab.start(room.folder, args, {
      environment: { PATH: `${room.folder}:${node}:/usr/bin:/bin` },
    })
    expect(await found.exit).toBe(0)
    await room.until('the line is there', async () => /rendered/.test(await room.file('lines')))
    expect(await room.lines('args')).toContain('-p local0.info -t ct')
    expect(await room.file('lines')).toMatch(/^\[INFO\] \(runner\) rendered "a.tpl" => "out"$/m)
    await mkdir(room.path('bin'))
    await symlink(process.execPath, room.path('bin/node'))
    const missing = lab.start(room.folder, args, {
      environment: { PATH: room.path('bin') },
    })
    expect(await missing.exit).toBe(15)
    expect(missing.stderr).toContain('syslog needs the program logger')
  })

  it('an answer that is missing is an error where that is asked for', async () => {
    await room.write(
      'c.hcl',
      'err_on_failed_lookup = true template { contents = "{{key \\"absent\\"}}" destination = "out" }',
    )
    const run = room.start('-consul-retry-attempts', '1', '-config', 'c.hcl')
    expect(await run.exit).toBe(14)
    expect(run.stderr).toContain('kv.block(absent)')
  })

  it('one warning for more than 128 dependencies', async () => {
    await room.write('a.tpl', '{{range loop 129}}{{keyOrDefault (printf "k/%d" .) ""}}{{end}}')
    const run = room.start(...following)
    await room.until('it is written', async () => (await room.names()).includes('out'))
    await lab.putKey('k/5', 'five')
    await room.untilFile('out', 'five')
    await run.end('SIGTERM')
    expect(run.stderr.match(/\[WARN\]/g)).toHaveLength(1)
    expect(run.stderr).toContain('129 dependencies')
  })
})
