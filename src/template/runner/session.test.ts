import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RunnerBench } from '../../../test/support/runner-bench.ts'

let bench: RunnerBench

beforeEach(async () => {
  bench = await RunnerBench.open()
  await bench.write('a.tpl', '{{key "a"}}')
  bench.set('a', '1')
})

afterEach(async () => {
  await bench.close()
})

const wrote = (text: string) => async (): Promise<boolean> => (await bench.file('a')) === text
const lineCount = async (name: string): Promise<number> =>
  (await bench.file(name)).split('\n').length - 1

describe('signals', () => {
  it.each([
    ['SIGINT', [], 12, 'Cleaning up...\n'],
    ['SIGTERM', [], 0, ''],
    ['SIGTERM', ['-kill-signal', 'sigterm'], 12, 'Cleaning up...\n'],
  ] as const)('%s with %j ends it with %i', async (name, flags, code, words) => {
    bench.start(...flags, '-pid-file', '@/pid', '-template', '@/a.tpl:@/a')
    await bench.until('it is written', wrote('1'))
    expect(await bench.file('pid')).toBe(String(process.pid))
    bench.signal(name)
    expect(await bench.exit).toBe(code)
    expect(bench.stderr).toBe(words)
    expect(await bench.names()).toEqual(['a', 'a.tpl'])
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('%s before all is rendered once is 12', async (name) => {
    await bench.write('b.tpl', '{{key "absent"}}')
    bench.start('-once', '-template', '@/b.tpl:@/b')
    await bench.until('it waits', () => bench.sources[0]?.followed.size === 1)
    bench.signal(name)
    expect(await bench.exit).toBe(12)
  })

  it('SIGINT ends it also while a command runs, and the command', async () => {
    bench.start(
      '-template',
      '@/a.tpl:@/a:trap "echo told >> log; exit" TERM; ' +
        "sh -c 'echo $$ > pid; exec sleep 1000' & wait",
    )
    await bench.until('it runs', async () => (await bench.file('pid')) !== '')
    bench.signal('SIGINT')
    expect(await bench.exit).toBe(12)
    await bench.until('it was told', async () => (await bench.file('log')) === 'told\n')
  })

  it.each([
    ['SIGTERM', 0],
    ['SIGHUP', undefined],
  ] as const)('%s lets the commands of files that were written run', async (name, code) => {
    const command =
      '@/a.tpl:@/a:echo 1 > started; while [ ! -e go ]; do sleep 0.01; done; echo 1 > done'
    const other = '@/b.tpl:@/b:echo 2 >> done'
    await bench.write('b.tpl', '{{key "a"}}')
    bench.start('-template', command, '-template', other)
    await bench.until('the first runs', async () => (await bench.file('started')) !== '')
    bench.signal(name)
    await bench.write('go', '')
    await bench.until('both have run', async () => (await bench.file('done')) === '1\n2\n')
    if (code !== undefined) expect(await bench.exit).toBe(code)
  })

  it('SIGTERM is nothing where that is asked for', async () => {
    bench.start('-sigterm', 'ignore', '-template', '@/a.tpl:@/a')
    await bench.until('it is written', wrote('1'))
    bench.signal('SIGTERM')
    bench.set('a', '2')
    await bench.until('it is written', wrote('2'))
    expect(bench.exitCode).toBeUndefined()
  })

  it('SIGHUP reads templates anew; what is unchanged is not written', async () => {
    bench.start('-template', '@/a.tpl:@/a:echo x >> log', '-template', '@/b.tpl:@/b:echo y >> log')
    expect(await bench.exit).toBe(14)
    await bench.write('b.tpl', 'b')
    bench.start('-template', '@/a.tpl:@/a:echo x >> log', '-template', '@/b.tpl:@/b:echo y >> log')
    await bench.until('both ran', async () => (await lineCount('log')) === 2)
    await bench.write('b.tpl', 'new')
    bench.signal('SIGHUP')
    await bench.until('b is written', async () => (await lineCount('log')) === 3)
    expect((await bench.file('log')).slice(-2)).toBe('y\n')
    expect(await bench.file('b')).toBe('new')
    expect(bench.stderr).toContain('Reloading configuration...\n')
    expect(bench.sources).toHaveLength(2)
  })

  it('SIGHUP with a mistake in a template changes nothing, and says so', async () => {
    bench.start('-template', '@/a.tpl:@/a')
    await bench.until('it is written', wrote('1'))
    await bench.write('a.tpl', '{{nope}}')
    bench.signal('SIGHUP')
    await bench.until('it is said', () => bench.stderr.includes('not reloaded'))
    bench.set('a', '2')
    await bench.until('it is written', wrote('2'))
  })
})

describe('several SIGHUPs in quick order', () => {
  const configure = (contents: string, command = ''): Promise<void> =>
    bench.write(
      'c.hcl',
      `template { contents = "${contents}" destination = "${bench.path('out')}" command = "${command}" }`,
    )
  const shows = (text: string): Promise<void> =>
    bench.until(`it is ${text}`, async () => (await bench.file('out')) === text)

  /** Signals with this configuration; it is opened once the result is called. */
  async function reloadLate(contents: string): Promise<() => void> {
    const opened = bench.sources.length
    let open = (): void => undefined
    bench.holdOpening = new Promise((resolve) => (open = resolve))
    await configure(contents)
    bench.signal('SIGHUP')
    await bench.until('it is being opened', () => bench.sources.length === opened + 1)
    return open
  }

  it('the newest configuration counts, though an older one is opened after it', async () => {
    await configure('one {{key \\"a\\"}}')
    bench.start('-config', '@/c.hcl')
    await shows('one 1')
    const openOlder = await reloadLate('two {{key \\"a\\"}}')
    await configure('three {{key \\"a\\"}}')
    bench.signal('SIGHUP')
    await shows('three 1')
    openOlder()
    await bench.until('the older one is closed', () => bench.ended === 2)
    bench.set('a', '2')
    await shows('three 2')
  })

  it('an older one counts where the newer cannot be read', async () => {
    await configure('one')
    bench.start('-config', '@/c.hcl')
    await shows('one')
    const openOlder = await reloadLate('two')
    await bench.write('c.hcl', 'template { bogus = 1 }')
    bench.signal('SIGHUP')
    await bench.until('it is said', () => bench.stderr.includes('not reloaded'))
    openOlder()
    await shows('two')
  })

  it('one that was opened and never ran is closed', async () => {
    const command = 'echo > started; while [ ! -e go ]; do sleep 0.01; done'
    await configure('one', command)
    bench.start('-config', '@/c.hcl')
    await bench.until('the command runs', async () => (await bench.file('started')) !== '')
    for (const contents of ['two', 'three']) (await reloadLate(contents))()
    await bench.until('the second is closed', () => bench.ended === 1)
    await bench.write('go', '')
    await shows('three')
  })
})

describe('the program beneath', () => {
  const start = (...flags: readonly string[]): void => {
    bench.start(...flags, '-template', '@/a.tpl:@/a')
  }
  const until = (name: string, count: number): Promise<void> =>
    bench.until(`${count} lines in ${name}`, async () => (await lineCount(name)) === count)

  it('is ended and started anew by each change', async () => {
    start('-exec', 'cat a >> log; echo >> log; exec sleep 1000')
    await until('log', 1)
    bench.set('a', '2')
    await until('log', 2)
    expect(await bench.file('log')).toBe('1\n2\n')
  })

  it('gets its signal where it has one, and every other signal', async () => {
    const line =
      'trap "echo USR1 >> log" USR1; trap "echo USR2 >> log" USR2; trap "exit 5" TERM; ' +
      'echo start >> log; while :; do sleep 0.02; done'
    start('-sigterm', 'ignore', '-exec-reload-signal', 'SIGUSR1', '-exec', line)
    await until('log', 1)
    bench.set('a', '2')
    await until('log', 2)
    bench.signal('SIGUSR2')
    await until('log', 3)
    expect(await bench.file('log')).toBe('start\nUSR1\nUSR2\n')
    bench.signal('SIGTERM')
    expect(await bench.exit).toBe(5)
  })

  it('is ended by its signal when the program ends', async () => {
    const line = 'trap "echo end >> log; exit" INT; echo start >> log; while :; do sleep 0.02; done'
    start('-exec', line)
    await until('log', 1)
    bench.signal('SIGTERM')
    expect(await bench.exit).toBe(0)
    expect(await bench.file('log')).toBe('start\nend\n')
  })

  it('is ended at once, also while a reload waits for its splay', async () => {
    start('-exec-splay', '1000h', '-log-level', 'debug', '-exec', 'echo x >> log; exec sleep 1000')
    await until('log', 1)
    bench.set('a', '2')
    await bench.until('it waits', () => bench.stderr.includes('for random splay'))
    bench.signal('SIGINT')
    expect(await bench.exit).toBe(12)
    expect(await lineCount('log')).toBe(1)
  })

  it('is killed when it does not heed that', async () => {
    const line = 'trap "" INT; echo $$ >> log; while :; do sleep 0.02; done'
    start('-exec-kill-timeout', '50ms', '-log-level', 'warn', '-exec', line)
    await until('log', 1)
    bench.signal('SIGINT')
    expect(await bench.exit).toBe(12)
    expect(bench.stderr).toContain('still there after 50 ms: killed')
    const pid = await bench.file('log')
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
  })

  it('that ends by itself ends everything, with its code', async () => {
    start('-exec', 'sh -c "exit 3"')
    expect(await bench.exit).toBe(3)
    expect(bench.stderr).toContain('child process died with exit code 3')
  })

  it('that cannot be started is 14', async () => {
    start('-exec', '/no/such/program')
    expect(await bench.exit).toBe(14)
    expect(bench.stderr).toContain('cannot start "/no/such/program"')
  })

  it('is not started while a file is missing', async () => {
    bench.start(
      '-exec',
      'echo start >> log; exec sleep 1000',
      '-template',
      '@/a.tpl:@/a',
      '-template',
      '@/b.tpl:@/b',
    )
    expect(await bench.exit).toBe(14)
    await bench.write('b.tpl', '{{key "b"}}')
    bench.start(
      '-exec',
      'echo start >> log; exec sleep 1000',
      '-template',
      '@/a.tpl:@/a',
      '-template',
      '@/b.tpl:@/b',
    )
    await bench.until('a is written', wrote('1'))
    expect(await bench.file('log')).toBe('')
    bench.set('b', '2')
    await until('log', 1)
  })
})
