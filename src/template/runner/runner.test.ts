import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keyDependency, RunnerBench } from '../../../test/support/runner-bench.ts'

let bench: RunnerBench

beforeEach(async () => {
  bench = await RunnerBench.open()
})

afterEach(async () => {
  await bench.close()
})

const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '')

describe('-once', () => {
  it('writes each file when its answers are there, and ends with 0 when all are', async () => {
    await bench.write('a.tpl', 'a={{key "a"}}')
    await bench.write('b.tpl', 'b={{key (key "b")}}')
    bench.set('a', '1')
    bench.start('-once', '-template', '@/a.tpl:@/a', '-template', '@/b.tpl:@/b')
    await bench.until('a is written', async () => (await bench.file('a')) === 'a=1')
    expect(await bench.file('b')).toBe('')
    bench.set('b', 'c')
    await bench.until(
      'c is asked for',
      () => bench.sources[0]?.followed.has('kv.block(c)') === true,
    )
    bench.set('c', '2')
    expect(await bench.exit).toBe(0)
    expect(await bench.file('b')).toBe('b=2')
  })

  it('ends at once without templates', async () => {
    expect(await bench.start('-once').exit).toBe(0)
  })

  it('says what is missing when its time is over, with 14', async () => {
    await bench.write('a.tpl', '{{key "a"}}{{key "b"}}{{key "c"}}')
    bench.set('b', '')
    const code = await bench.start('-once', '-once-timeout', '1s', '-template', '@/a.tpl:@/a').exit
    expect(code).toBe(14)
    expect(bench.stderr).toContain('missing dependency: kv.block(a)')
    expect(bench.stderr).toContain('missing dependency: kv.block(c)')
    expect(bench.stderr).not.toContain('missing dependency: kv.block(b)')
    expect(await bench.names()).toEqual(['a.tpl'])
  })

  it('ends with 14 when an answer is given up, and the log says which', async () => {
    await bench.write('a.tpl', '{{key "a"}}')
    bench.start('-once', '-template', '@/a.tpl:@/a')
    await bench.until('a is followed', () => bench.sources[0]?.followed.size === 1)
    const failure = { dependency: keyDependency('a'), error: new Error('refused') }
    bench.sources[0]?.fail({ ...failure, failures: 1, retryInMs: 250 })
    bench.sources[0]?.fail({ ...failure, failures: 2, retryInMs: 60_000 })
    bench.sources[0]?.fail({ ...failure, failures: 3, retryInMs: undefined })
    expect(await bench.exit).toBe(14)
    expect(bench.stderr).toContain(
      '[WARN] (view) kv.block(a): refused (retry attempt 1 after "250ms")\n',
    )
    expect(bench.stderr).toContain('refused (retry attempt 2 after "1m0s")\n')
    expect(bench.stderr).toContain('[ERR] (view) kv.block(a): refused (exceeded maximum retries)\n')
  })

  it('runs a program beneath once all files are there, waits for it and ends as it does', async () => {
    await bench.write('a.tpl', 'hello')
    const code = await bench.start(
      '-once',
      '-template',
      '@/a.tpl:@/a',
      '-exec',
      'cat a > seen; exit 7',
    ).exit
    expect(code).toBe(7)
    expect(await bench.file('seen')).toBe('hello')
    expect(bench.stderr).toContain('[ERR] (cli) child process died with exit code 7\n')
  })
})

describe('commands', () => {
  const template = (name: string, more: string): string =>
    `template { contents = "{{key \\"${name}\\"}}" destination = "@/${name}" ${more} }\n`

  const config = async (text: string): Promise<void> =>
    bench.write('c.hcl', text.replaceAll('@', bench.folder))

  it('run in the order of the settings after all files, each distinct one once', async () => {
    await config(
      template('a', 'command = "cat a b >> log; echo x >> log"') +
        template('b', 'command = "echo b >> log; true"') +
        template('c', 'command = "cat a b >> log; echo x >> log"') +
        'after_command = "echo after >> log; true"',
    )
    for (const name of ['a', 'b', 'c']) bench.set(name, `${name}\n`)
    expect(await bench.start('-once', '-config', '@/c.hcl').exit).toBe(0)
    expect(lines(await bench.file('log'))).toEqual(['a', 'b', 'x', 'b', 'after'])
  })

  it('that run at the start let no change past the wait', async () => {
    await bench.write('a.tpl', '{{key "a"}}')
    await bench.write('b.tpl', '{{key "b"}}')
    const command = 'touch @/started; while [ ! -e @/go ]; do sleep 0.01; done'
    const first = `template {
  source = "@/a.tpl"
  destination = "@/a"
  wait = "1h:2h"
  command = "${command}"
}
`
    await config(`${first}template {\n  source = "@/b.tpl"\n  destination = "@/b"\n}\n`)
    bench.set('a', '1')
    bench.set('b', '1')
    bench.start('-config', '@/c.hcl')
    await bench.until('the command runs', async () => (await bench.names()).includes('started'))
    bench.set('a', '2')
    await bench.write('go', '')
    bench.set('b', '2')
    await bench.until('b is written', async () => (await bench.file('b')) === '2')
    expect(await bench.file('a')).toBe('1')
  })

  it('do not run for files that are already so', async () => {
    await config(template('a', 'command = "echo x >> log; true"'))
    await bench.write('a', 'same')
    bench.set('a', 'same')
    expect(await bench.start('-once', '-config', '@/c.hcl').exit).toBe(0)
    expect(await bench.names()).toEqual(['a', 'c.hcl'])
  })

  it('that fail end it with 14 after the others have run; the files stay', async () => {
    await config(
      template('a', 'command = "exit 3; true"') +
        template('b', 'command = "echo b >> log; true"') +
        'after_command = "echo after >> log; true"',
    )
    bench.set('a', '1')
    bench.set('b', '2')
    expect(await bench.start('-config', '@/c.hcl').exit).toBe(14)
    expect(bench.stderr).toContain('command "exit 3; true" exited with code 3')
    expect(lines(await bench.file('log'))).toEqual(['b'])
    expect([await bench.file('a'), await bench.file('b')]).toEqual(['1', '2'])
  })
})

describe('a file that cannot be written', () => {
  it('does not keep the others, nor their commands', async () => {
    await bench.write('x.tpl', 'x')
    const [bad, good] = ['@/x.tpl:@/x.tpl/x', '@/x.tpl:@/good:echo ran >> log']
    expect(await bench.start('-template', bad, '-template', good).exit).toBe(14)
    expect(bench.stderr).toContain('not a directory')
    expect(await bench.file('good')).toBe('x')
    expect(await bench.file('log')).toBe('ran\n')
  })
})

describe('a dry run', () => {
  it('shows what would be written, byte for byte, and runs nothing', async () => {
    await bench.write('a.tpl', '{{key "a"}}')
    await bench.write('same', 'same')
    bench.set('a', 'x\udcff')
    const args = ['-template', '@/a.tpl:@/a:echo x > log', '-template', '@/same:@/same']
    expect(await bench.start('-once', '-dry', ...args).exit).toBe(0)
    const wanted = Buffer.concat([Buffer.from(`> ${bench.path('a')}\nx`), Buffer.of(0xff)])
    expect(bench.stdout).toEqual(wanted)
    expect(await bench.names()).toEqual(['a.tpl', 'same'])
  })
})

describe('a file that is guarded', () => {
  const config = (more: string): Promise<void> =>
    bench.write(
      'c.hcl',
      `template { contents = "{{key \\"a\\"}}" destination = "${bench.folder}/a" ${more} }`,
    )

  it('is replaced only by what its check accepts; the daemon goes on', async () => {
    await config('check_command = "grep -q good {} && echo checked >> log"')
    bench.set('a', 'good 1')
    bench.start('-config', '@/c.hcl')
    await bench.until('it is written', async () => (await bench.file('a')) === 'good 1')
    bench.set('a', 'bad')
    await bench.until('it is refused', () => bench.stderr.includes('the old file stays'))
    expect(await bench.file('a')).toBe('good 1')
    bench.set('a', 'good 2')
    await bench.until('it is written', async () => (await bench.file('a')) === 'good 2')
    expect(await bench.names()).toEqual(['a', 'c.hcl', 'log'])
  })

  it('stays when the program ends while its check runs', async () => {
    await config('check_command = "echo {} > started; exec sleep 1000"')
    await bench.write('a', 'old')
    bench.set('a', 'new')
    bench.start('-config', '@/c.hcl')
    await bench.until('it is checked', async () => (await bench.file('started')) !== '')
    bench.signal('SIGTERM')
    expect(await bench.exit).toBe(0)
    expect(await bench.file('a')).toBe('old')
    expect(await bench.names()).toEqual(['a', 'c.hcl', 'started'])
  })

  it('is not written with -once when its check fails: 14', async () => {
    await config('check_command = "false {}"')
    await bench.write('a', 'old')
    bench.set('a', 'new')
    expect(await bench.start('-once', '-config', '@/c.hcl').exit).toBe(14)
    expect(await bench.file('a')).toBe('old')
  })

  it('keeps its servers when too many vanish at once', async () => {
    await config('max_drop = 0.5 min_servers = 1')
    const servers = (count: number): string => 'server s 127.0.0.1:1\n'.repeat(count)
    bench.set('a', servers(4))
    bench.start('-config', '@/c.hcl')
    await bench.until('it is written', async () => (await bench.file('a')) === servers(4))
    bench.set('a', servers(1))
    await bench.until('it is refused', () => bench.stderr.includes('1 servers where 4 were'))
    expect(await bench.file('a')).toBe(servers(4))
    bench.set('a', servers(2))
    await bench.until('it is written', async () => (await bench.file('a')) === servers(2))
  })
})

describe('mistakes', () => {
  it.each([
    ['syntax', '{{if}}', 'parse: template: :1'],
    ['an unknown function', '{{nope}}', 'function "nope" not defined'],
    ['a wrong type', '{{len 3}}', 'execute: template: :1'],
  ])('of %s end it with 14', async (_what, text, words) => {
    await bench.write('a.tpl', text)
    expect(await bench.start('-template', '@/a.tpl:@/a').exit).toBe(14)
    expect(bench.stderr).toContain(words)
    expect(bench.stderr).toContain('[ERR] (cli)')
  })

  it('in a template do not keep the others from being written', async () => {
    await bench.write('bad.tpl', '{{len 3}}')
    await bench.write('good.tpl', 'x')
    const templates = ['-template', '@/bad.tpl:@/bad', '-template', '@/good.tpl:@/good']
    expect(await bench.start(...templates).exit).toBe(14)
    expect([await bench.file('bad'), await bench.file('good')]).toEqual(['', 'x'])
  })

  it('in a template end nothing where they are not fatal', async () => {
    await bench.write('a.tpl', '{{index (key "a") 0 | printf "%c"}}')
    bench.set('a', '')
    bench.start('-template-error-fatal=false', '-template', '@/a.tpl:@/a')
    await bench.until('it is said', () => bench.stderr.includes('out of range'))
    bench.set('a', '5')
    await bench.until('it is written', async () => (await bench.file('a')) === '5')
  })

  it.each([
    ['a missing source', ['-template', '@/no.tpl:@/a'], 14],
    ['no destination', ['-template', '@/a.tpl'], 14],
    ['an unknown flag', ['-nope'], 13],
    ['a missing configuration', ['-config', '@/no.hcl'], 15],
  ])('%s ends it', async (_what, args, code) => {
    await bench.write('a.tpl', 'x')
    expect(await bench.start('-once', ...args).exit).toBe(code)
    expect(lines(bench.stderr)).toHaveLength(1)
  })
})
