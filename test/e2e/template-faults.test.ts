import { execFileSync } from 'node:child_process'
import { mkdir, stat } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Stage } from './support/stage.ts'
import { TemplateLab, type TemplateRoom } from './support/template-lab.ts'

let lab: TemplateLab
let room: TemplateRoom
const mounts: string[] = []

beforeAll(async () => {
  lab = await TemplateLab.open()
})

beforeEach(async () => {
  room = await lab.room()
})

afterEach(async () => {
  await lab.clear()
  for (const path of mounts.splice(0)) execFileSync('umount', [path])
})

afterAll(async () => {
  await lab?.close()
})

async function mount(name: string, options: string): Promise<void> {
  const path = room.path(name)
  await mkdir(path, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path])
  mounts.push(path)
}

const logLines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '')

describe('a destination that cannot be written', () => {
  beforeEach(async () => {
    await room.write('a.tpl', '{{key "a"}}')
    await lab.putKey('a', 'new')
  })

  it('in a full disk keeps the old file, with one line and 14', async () => {
    await mount('small', 'size=64k')
    await room.write('small/out', 'old')
    await room.write('a.tpl', '{{range loop 100}}{{key "a"}}{{end}}')
    await lab.putKey('a', 'x'.repeat(1000))
    const run = room.start('-template', 'a.tpl:small/out')
    expect(await run.exit).toBe(14)
    expect(logLines(run.stderr)).toHaveLength(1)
    expect(run.stderr).toContain('cannot write small/out: no space left on device')
    expect(await room.file('small/out')).toBe('old')
    const left = execFileSync('ls', ['-A', room.path('small')], { encoding: 'utf8' })
    expect(left).toBe('out\n')
  })

  it('in a read-only file system keeps the old file, with one line and 14', async () => {
    await mount('fixed', 'size=64k')
    await room.write('fixed/out', 'old')
    execFileSync('mount', ['-o', 'remount,ro', room.path('fixed')])
    const run = room.start('-template', 'a.tpl:fixed/out')
    expect(await run.exit).toBe(14)
    expect(logLines(run.stderr)).toHaveLength(1)
    expect(run.stderr).toContain('cannot write fixed/out: read-only file system')
    expect(await room.file('fixed/out')).toBe('old')
  })

  it('without its folder, where that is not to be made', async () => {
    const template = 'contents = "x" destination = "no/out" create_dest_dirs = false'
    await room.write('c.hcl', `template { ${template} }`)
    const run = room.start('-config', 'c.hcl')
    expect(await run.exit).toBe(14)
    expect(run.stderr).toContain('cannot write no/out: no such file or directory')
  })
})

describe('what Fairlead adds', () => {
  const config = (more: string, after = ''): Promise<void> =>
    room.write(
      'c.hcl',
      `template { contents = "{{key \\"a\\"}}" destination = "out" ${more} }\n${after}`,
    )

  it('a check of HAProxy keeps a configuration that would not run', async () => {
    const good =
      'listen a\n  bind 127.0.0.1:1\n  timeout client 1s\n  timeout connect 1s\n' +
      '  timeout server 1s\n  server a 127.0.0.1:2\n'
    await config('check_command = "haproxy -c -q -f {}" command = "echo ran >> log; true"')
    await lab.putKey('a', good)
    const run = room.start('-config', 'c.hcl')
    await room.untilFile('out', good)
    await lab.putKey('a', `${good}nonsense\n`)
    await room.until('it is refused', () => run.stderr.includes('the old file stays'))
    expect(await room.file('out')).toBe(good)
    expect(await room.lines('log')).toHaveLength(1)
    await lab.putKey('a', `${good}# fine\n`)
    await room.untilFile('out', `${good}# fine\n`)
    expect(await run.end('SIGTERM')).toBe(0)
  })

  it('limits of lost servers keep the file', async () => {
    await config('min_servers = 2 max_drop = 0.5')
    await lab.putKey('a', 'server a\nserver b\nserver c\nserver d\n')
    const run = room.start('-config', 'c.hcl')
    await room.until('it is written', async () => (await room.lines('out')).length === 4)
    await lab.putKey('a', '')
    await room.until('it is refused', () => run.stderr.includes('0 servers, the least is 2'))
    expect(await room.lines('out')).toHaveLength(4)
    await run.end('SIGTERM')
    expect(await room.start('-once', '-config', 'c.hcl').exit).toBe(14)
    expect(await room.lines('out')).toHaveLength(4)
  })

  it('one command after all templates of a run', async () => {
    await room.write(
      'c.hcl',
      'template { contents = "a" destination = "out-a" }\n' +
        'template { contents = "b" destination = "out-b" }\n' +
        'after_command = "cat out-a out-b >> log; echo >> log"',
    )
    expect(await room.start('-once', '-config', 'c.hcl').exit).toBe(0)
    expect(await room.start('-once', '-config', 'c.hcl').exit).toBe(0)
    expect(await room.lines('log')).toEqual(['ab'])
  })

  it('saved answers, while Consul is away at the start', async () => {
    await config('command = "echo ran >> log; true"')
    await lab.putKey('a', 'v1')
    const args = ['-snapshot', 'saved', '-config', 'c.hcl', '-consul-retry-backoff', '20ms']
    expect(await room.start('-once', ...args).exit).toBe(0)
    expect((await stat(room.path('saved'))).mode & 0o777).toBe(0o600)
    await lab.consul.stop()
    await room.write('out', 'lost')
    const once = room.start('-once', ...args)
    expect(await once.exit).toBe(0)
    expect(once.stderr).toContain('rendering from saved answers')
    expect(await room.file('out')).toBe('v1')
    const run = room.start(...args)
    await room.until('it goes on', () => run.stderr.includes('retry attempt 3'))
    await lab.consul.start()
    await lab.putKey('a', 'v2')
    await room.untilFile('out', 'v2')
    expect(await run.end('SIGTERM')).toBe(0)
    expect(await room.file('saved')).toContain('v2')
  })

  it('a torn file of saved answers is a warning', async () => {
    await config('')
    await lab.putKey('a', 'v1')
    await room.write('saved', 'torn')
    const run = room.start('-once', '-snapshot', 'saved', '-config', 'c.hcl')
    expect(await run.exit).toBe(0)
    expect(run.stderr).toContain('[WARN] (snapshot) saved: ')
    expect(await room.file('out')).toBe('v1')
  })
})

describe('limits of a template', () => {
  it.each([
    ['a function that is denied', '{{key \\"a\\"}}', 'function_denylist = ["ke*"]', 'disabled'],
    [
      'a file outside of its sandbox',
      '{{file \\"/etc/hostname\\"}}',
      'sandbox_path = "box"',
      'outside of sandbox',
    ],
  ])('%s', async (_what, text, more, words) => {
    await mkdir(room.path('box'))
    await room.write('c.hcl', `template { contents = "${text}" destination = "out" ${more} }`)
    const run = room.start('-once', '-config', 'c.hcl')
    expect(await run.exit).toBe(14)
    expect(run.stderr).toContain(words)
  })
})

describe('the registry of fairlead up', () => {
  it('answers as Consul does', async () => {
    const stage = await Stage.open({ hasImage: false })
    try {
      await stage.up('--docker', 'none')
      await stage.api('PUT', '/v1/agent/service/register', {
        Name: 'legacy',
        Address: '127.0.0.1',
        Port: 8081,
      })
      lab.address = `unix://${stage.stateFolder}/admin.sock`
      await room.write('a.tpl', '{{range service "legacy"}}{{.Address}}:{{.Port}} {{end}}')
      const run = room.start('-template', 'a.tpl:out')
      await room.untilFile('out', '127.0.0.1:8081 ')
      await stage.api('PUT', '/v1/agent/service/deregister/legacy')
      await room.untilFile('out', '')
      expect(await run.end('SIGTERM')).toBe(0)
    } finally {
      await stage.close()
    }
  })
})
