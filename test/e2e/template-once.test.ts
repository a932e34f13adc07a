import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { TemplateLab, type TemplateRoom } from './support/template-lab.ts'

let lab: TemplateLab
let room: TemplateRoom

beforeAll(async () => {
  lab = await TemplateLab.open()
})

afterEach(async () => {
  await lab.clear()
})

afterAll(async () => {
  await lab?.close()
})

async function inRoom(files: Readonly<Record<string, string>>): Promise<void> {
  room = await lab.room()
  for (const [name, text] of Object.entries(files)) await room.write(name, text)
}

const logLines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '')

describe('a template rendered once', () => {
  it.each([true, false])('with all that the catalogue says; by a link: %s', async (isLink) => {
    await lab.putKey('greeting', 'hello')
    await inRoom({ 'a.tpl': '{{key "greeting"}} {{range service "consul"}}{{.Name}}{{end}}' })
    const run = lab.start(room.folder, ['-once', '-template', 'a.tpl:a'], { isLink })
    expect(await run.exit).toBe(0)
    expect(await room.file('a')).toBe('hello consul')
    expect([run.stdout.toString(), run.stderr]).toEqual(['', ''])
  })

  it('has bytes that are not UTF-8 as they are', async () => {
    const value = Buffer.from([0x61, 0xff, 0xfe, 0x00, 0xc3, 0x28, 0xe2, 0x82, 0xac])
    await lab.putKey('bytes', value)
    await inRoom({ 'a.tpl': '{{key "bytes"}}' })
    expect(await room.start('-once', '-template', 'a.tpl:a').exit).toBe(0)
    expect(await room.bytes('a')).toEqual(value)
    const dry = room.start('-once', '-dry', '-template', 'a.tpl:b')
    expect(await dry.exit).toBe(0)
    expect(dry.stdout).toEqual(Buffer.concat([Buffer.from('> b\n'), value]))
  })

  it('is not written again, and runs no command, when the file is so already', async () => {
    await inRoom({ 'a.tpl': 'x' })
    const args = ['-once', '-template', 'a.tpl:out:echo ran >> log; true']
    expect(await room.start(...args).exit).toBe(0)
    const inode = await room.inode('out')
    expect(await room.start(...args).exit).toBe(0)
    expect(await room.inode('out')).toBe(inode)
    expect(await room.lines('log')).toEqual(['ran'])
  })

  it('tells its commands which Consul is meant', async () => {
    await inRoom({ 'a.tpl': '{{env "CONSUL_HTTP_ADDR"}} {{env "CONSUL_HTTP_SSL"}}' })
    const args = [
      '-template',
      'a.tpl:out:echo "$CONSUL_HTTP_ADDR" > b',
      '-consul-addr',
      lab.address,
    ]
    const environment = { CONSUL_HTTP_ADDR: '127.0.0.1:1' }
    expect(await lab.start(room.folder, ['-once', ...args], { environment }).exit).toBe(0)
    expect(await room.file('out')).toBe(`${lab.address} false`)
    expect(await room.file('b')).toBe(`${lab.address}\n`)
  })

  it('of 60 MB is written whole; one of 100 MB is too large, and leaves the file as it is', async () => {
    const lines = 'x'.repeat(99_999)
    await inRoom({ 'a.tpl': `{{range loop 600}}${lines}\n{{end}}` })
    expect(await room.start('-once', '-template', 'a.tpl:a').exit).toBe(0)
    expect((await room.bytes('a')).length).toBe(60_000_000)
    await room.write('a.tpl', `{{range loop 1000}}${lines}\n{{end}}`)
    const run = room.start('-once', '-template', 'a.tpl:a')
    expect(await run.exit).toBe(14)
    expect(run.stderr.length).toBeLessThan(2200)
    expect((await room.bytes('a')).length).toBe(60_000_000)
  })

  it('may loop a million times', async () => {
    await inRoom({
      'a.tpl': '{{range $i, $e := loop 1000000}}{{if eq $e 999999}}{{$i}}{{end}}{{end}}',
    })
    expect(await room.start('-once', '-template', 'a.tpl:a').exit).toBe(0)
    expect(await room.file('a')).toBe('999999')
  })
})

describe('exit codes', () => {
  const endless = '{{define "a"}}{{template "a"}}{{end}}{{template "a"}}'

  it.each<[string, string, readonly string[], number, string]>([
    ['-h', '', ['-h'], 0, ''],
    ['-v', '', ['-v'], 0, ''],
    ['nothing to do', '', ['-once'], 0, ''],
    ['only parsing', '{{key "absent"}}', ['-parse-only', '-template', 'a.tpl:a'], 0, ''],
    ['only parsing a mistake', '{{', ['-parse-only', '-template', 'a.tpl:a'], 14, 'parse'],
    ['an unknown flag', '', ['-nope'], 13, 'flag provided but not defined: -nope'],
    ['more arguments', '', ['-once', 'more'], 13, 'extra args'],
    ['a wrong wait', '', ['-wait', '5s:1s'], 13, 'wait'],
    ['a wrong log level', '', ['-once', '-log-level', 'LOUD'], 15, 'LOUD'],
    ['a missing configuration', '', ['-config', 'no.hcl'], 15, 'no.hcl'],
    ['a key nobody knows', '', ['-config', 'bad.hcl'], 15, 'has invalid keys: bogus'],
    ['a missing source', '', ['-once', '-template', 'no.tpl:a'], 14, 'no.tpl'],
    ['no destination', 'x', ['-once', '-template', 'a.tpl'], 14, 'missing destination'],
    ['a syntax error', '{{if}}', ['-once', '-template', 'a.tpl:a'], 14, 'missing value for if'],
    [
      'an unknown function',
      '{{nope}}',
      ['-once', '-template', 'a.tpl:a'],
      14,
      '"nope" not defined',
    ],
    ['a type error', '{{len 3}}', ['-once', '-template', 'a.tpl:a'], 14, 'len of type int'],
    ['endless recursion', endless, ['-once', '-template', 'a.tpl:a'], 14, 'execute'],
    ['a failing command', 'x', ['-once', '-template', 'a.tpl:out:false'], 14, 'exited with code 1'],
    ['no such command', 'x', ['-once', '-template', 'a.tpl:out:/no/such'], 14, 'cannot be started'],
    [
      'a program beneath',
      'x',
      ['-once', '-template', 'a.tpl:a', '-exec', 'exit 9; x'],
      9,
      'exit code 9',
    ],
    [
      'a folder that is a file',
      'x',
      ['-once', '-template', 'a.tpl:a.tpl/a'],
      14,
      'not a directory',
    ],
  ])('%s', async (_what, text, args, code, words) => {
    await inRoom({ 'a.tpl': text, 'bad.hcl': 'consul { bogus = 1 }' })
    const run = room.start(...args)
    expect(await run.exit, run.stderr).toBe(code)
    expect(run.stderr).toContain(words)
    expect(logLines(run.stderr).length).toBeLessThanOrEqual(words === '' ? 0 : 3)
    const left = (await room.names()).filter((name) => name.includes('.tmp'))
    expect(left).toEqual([])
  })

  it('a command that hangs', async () => {
    await inRoom({
      'c.hcl':
        'template { contents = "x" destination = "a" command = "sleep 1000; true" command_timeout = "200ms" }',
    })
    const run = room.start('-config', 'c.hcl')
    expect(await run.exit).toBe(14)
    expect(run.stderr).toContain('did not end within 200 ms: killed')
    expect(await room.file('a')).toBe('x')
  })

  it('Consul away, after as many tries as are set', async () => {
    await inRoom({ 'a.tpl': '{{key "a"}}' })
    const retry = ['-consul-retry-attempts', '2', '-consul-retry-backoff', '1ms']
    const run = room.start('-once', '-consul-addr', '127.0.0.1:1', ...retry, '-template', 'a.tpl:a')
    expect(await run.exit).toBe(14)
    expect(logLines(run.stderr).filter((line) => line.includes('retry attempt'))).toHaveLength(2)
    expect(run.stderr).toContain('exceeded maximum retries')
    expect(await room.names()).toEqual(['a.tpl'])
  })

  it('a time limit, with what is missing', async () => {
    await inRoom({ 'a.tpl': '{{key "absent/one"}}{{key "absent/two"}}{{range services}}{{end}}' })
    const run = room.start('-once', '-once-timeout', '4s', '-template', 'a.tpl:a')
    expect(await run.exit).toBe(14)
    expect(run.stderr).toContain('missing dependency: kv.block(absent/one)\n')
    expect(run.stderr).toContain('missing dependency: kv.block(absent/two)\n')
    expect(run.stderr).not.toContain('catalog.services')
  })
})
