import { describe, expect, it } from 'vitest'
import type { RunnerConfig } from './contract.ts'
import type { ConfigFiles } from './files.ts'
import { readConfig } from './read-config.ts'

type Texts = Readonly<Record<string, string>>

/** Files that are only in memory, and the command line `-config` of each. */
function read(argv: readonly string[], texts: Texts = {}, environment: Texts = {}) {
  const files: ConfigFiles = {
    readFile: (path) => texts[path] ?? fail(path),
    listFiles: (path) => (path in texts ? [path] : fail(path)),
  }
  return readConfig(argv, { environment, files })
}

function fail(path: string): never {
  throw Object.assign(new Error(`no such file or directory: ${path}`), { code: 'ENOENT' })
}

function config(argv: readonly string[], texts: Texts = {}, environment: Texts = {}): RunnerConfig {
  const result = read(argv, texts, environment)
  if (result.kind !== 'config') throw new Error(JSON.stringify(result))
  return result.config
}

const ofText = (text: string): RunnerConfig => config(['-config=ct.hcl'], { 'ct.hcl': text })
const template = (inside: string) => ofText(`template { source = "s" ${inside} }`).templates[0]

describe('defaults', () => {
  it('are those of consul-template, but for SIGTERM', () => {
    expect(config([])).toMatchObject({
      templates: [],
      isOnce: false,
      isDry: false,
      wait: undefined,
      mostStaleMs: 2000,
      blockQueryWaitMs: 60_000,
      logLevel: 'WARN',
      reloadSignal: 'SIGHUP',
      killSignal: 'SIGINT',
      sigterm: 'end',
      exec: undefined,
      deduplicate: undefined,
      consul: {
        address: undefined,
        token: undefined,
        retry: { isEnabled: true, attempts: 12, backoffMs: 250, mostBackoffMs: 60_000 },
        ssl: { isEnabled: false, isVerified: true },
      },
    })
  })

  it('of a template', () => {
    expect(template('')).toEqual({
      source: { path: 's' },
      destination: undefined,
      createsFolders: true,
      command: undefined,
      commandTimeoutMs: 30_000,
      commandEnvironment: { isPristine: false, allowed: [], denied: [], custom: [] },
      checkCommand: undefined,
      permissions: undefined,
      user: undefined,
      group: undefined,
      hasBackup: false,
      isErrorOnMissingKey: false,
      isErrorFatal: true,
      leftDelimiter: '{{',
      rightDelimiter: '}}',
      wait: undefined,
      deniedFunctions: [],
      sandboxPath: undefined,
      leastServers: 0,
      largestDrop: 1,
    })
  })
})

describe('a template', () => {
  it.each([
    ['perms = 0600', { permissions: 0o600 }],
    ['perms = "0640"', { permissions: 0o640 }],
    ['perms = "640"', { permissions: 0o640 }],
    ['perms = 0', { permissions: undefined }],
    [
      'command = "service haproxy reload"',
      { command: { kind: 'shell', line: 'service haproxy reload' } },
    ],
    ['command = "/bin/reload"', { command: { kind: 'arguments', arguments: ['/bin/reload'] } }],
    ['command = ["a", "b c"]', { command: { kind: 'arguments', arguments: ['a', 'b c'] } }],
    ['command = ["a b"]', { command: { kind: 'shell', line: 'a b' } }],
    ['command = ""', { command: undefined }],
    ['command = []', { command: undefined }],
    ['command = "a" command_timeout = "1m"', { commandTimeoutMs: 60_000 }],
    [
      'command = "a" exec { command = ["b", "c"] timeout = 0 }',
      { command: { kind: 'arguments', arguments: ['b', 'c'] }, commandTimeoutMs: 0 },
    ],
    ['exec { command = "b" enabled = false }', { command: undefined }],
    [
      'exec { command = "b" env { pristine = true custom = ["A=1"] allowlist = ["X*"] blacklist = ["Y"] } }',
      { commandEnvironment: { isPristine: true, custom: ['A=1'], allowed: ['X*'], denied: ['Y'] } },
    ],
    [
      'function_denylist = ["env"] function_blacklist = ["sprig_*"]',
      { deniedFunctions: ['env', 'sprig_*'] },
    ],
    ['uid = 5 gid = 6', { user: '5', group: '6' }],
    ['user = "ann" group = "www"', { user: 'ann', group: 'www' }],
    ['backup = true create_dest_dirs = false', { hasBackup: true, createsFolders: false }],
    ['wait = "2s"', { wait: { minMs: 2000, maxMs: 8000 } }],
    ['wait = "2s:3s"', { wait: { minMs: 2000, maxMs: 3000 } }],
    ['wait { min = "2s" }', { wait: { minMs: 2000, maxMs: 8000 } }],
    ['wait { min = "2s" enabled = false }', { wait: undefined }],
    ['left_delimiter = "[[" right_delimiter = "]]"', { leftDelimiter: '[[', rightDelimiter: ']]' }],
    [
      'error_fatal = false error_on_missing_key = true',
      { isErrorFatal: false, isErrorOnMissingKey: true },
    ],
    ['sandbox_path = "/srv"', { sandboxPath: '/srv' }],
    [
      'check_command = "haproxy -c -f {}"',
      { checkCommand: { kind: 'shell', line: 'haproxy -c -f {}' } },
    ],
    ['min_servers = 2 max_drop = "50%"', { leastServers: 2, largestDrop: 0.5 }],
    ['max_drop = 0.25', { largestDrop: 0.25 }],
    ['Backup = true', { hasBackup: true }],
  ])('with %s', (inside, expected) => {
    expect(template(inside)).toMatchObject(expected)
  })

  it('may be an object or objects in JSON', () => {
    const one = { source: 'a', destination: 'b', perms: 420, wait: { min: '1s', max: '2s' } }
    const [first] = ofText(JSON.stringify({ template: one })).templates
    expect(first).toMatchObject({ permissions: 0o644, wait: { minMs: 1000, maxMs: 2000 } })
    const two = ofText(JSON.stringify({ template: [one, { contents: 'x' }] })).templates
    expect(two.map(({ source }) => source)).toEqual([{ path: 'a' }, { contents: 'x' }])
  })

  it.each([
    ['a', { source: { path: 'a' }, destination: undefined, command: undefined }],
    ['a.ctmpl:b', { source: { path: 'a.ctmpl' }, destination: 'b' }],
    ['in::out', { source: { path: 'in' }, destination: 'out' }],
    ['in:out:run a:b -c', { destination: 'out', command: { kind: 'shell', line: 'run a:b -c' } }],
    [
      String.raw`C:\in:D:\out`,
      { source: { path: String.raw`C:\in` }, destination: String.raw`D:\out` },
    ],
  ])('is given by -template %s', (written, expected) => {
    expect(config(['-template', written]).templates[0]).toMatchObject(expected)
  })
})

describe('the whole', () => {
  it.each([
    ['consul = "h:1"', { consul: { address: 'h:1' } }],
    ['consul { address = "h:1" token = "t" }', { consul: { address: 'h:1', token: 't' } }],
    ['consul { auth { username = "u" password = "p" } }', { consul: { auth: 'u:p' } }],
    ['consul { auth { enabled = false username = "u" } }', { consul: { auth: undefined } }],
    ['consul { ssl { ca_cert = "/ca" } }', { consul: { ssl: { isEnabled: true, caCert: '/ca' } } }],
    ['consul { ssl { enabled = false cert = "/c" } }', { consul: { ssl: { isEnabled: false } } }],
    [
      'consul { retry { attempts = 0 backoff = "1s" } }',
      { consul: { retry: { attempts: 0, backoffMs: 1000 } } },
    ],
    [
      'consul { address = "a" } consul { token = "t" }',
      { consul: { address: undefined, token: 't' } },
    ],
    [
      'consul = "h" token = "t" retry = "1s"',
      { consul: { address: 'h', token: 't', retry: { backoffMs: 1000 } } },
    ],
    ['token = "old" consul { token = "t" }', { consul: { token: 't' } }],
    ['syslog { facility = "LOCAL5" }', { syslog: { facility: 'LOCAL5' } }],
    ['syslog { enabled = false facility = "LOCAL5" }', { syslog: undefined }],
    ['wait = "1s:2s"', { wait: { minMs: 1000, maxMs: 2000 } }],
    ['wait = "1s" once = true', { wait: undefined, isOnce: true }],
    [
      'exec = "haproxy -W"',
      { exec: { command: { kind: 'shell', line: 'haproxy -W' }, killSignal: 'SIGINT' } },
    ],
    [
      'exec { command = "h" reload_signal = "sigusr2" splay = "5s" }',
      { exec: { reloadSignal: 'SIGUSR2', splayMs: 5000, killTimeoutMs: 30_000 } },
    ],
    [
      'kill_signal = "SIGTERM" reload_signal = ""',
      { killSignal: 'SIGTERM', reloadSignal: undefined },
    ],
    [
      'deduplicate { enabled = true }',
      { deduplicate: { prefix: 'consul-template/dedup/', ttlMs: 15_000 } },
    ],
    ['deduplicate { enabled = true } once = true', { deduplicate: undefined }],
    ['syslog { enabled = true }', { syslog: { facility: 'LOCAL0', name: 'consul-template' } }],
    [
      'log_file { path = "/l" log_rotate_bytes = 9 }',
      { logFile: { path: '/l', rotateBytes: 9, mostFiles: 0 } },
    ],
    ['log_level = "debug"', { logLevel: 'DEBUG' }],
    ['max_stale = "10m" block_query_wait = "5s"', { mostStaleMs: 600_000, blockQueryWaitMs: 5000 }],
    [
      'after_command = "a b" once_timeout = "3s"',
      { afterCommand: { kind: 'shell', line: 'a b' }, onceTimeoutMs: 3000 },
    ],
    ['snapshot = "/s" sigterm = "ignore"', { snapshotPath: '/s', sigterm: 'ignore' }],
  ])('with %s', (text, expected) => {
    expect(ofText(text)).toMatchObject(expected)
  })

  it('has delimiters for all templates that have none', () => {
    const text =
      'default_delimiters { left = "<<" right = ">>" } ' +
      'template { source = "a" } template { source = "b" left_delimiter = "[" }'
    const delimiters = ofText(text).templates.map(
      (each) => each.leftDelimiter + each.rightDelimiter,
    )
    expect(delimiters).toEqual(['<<>>', '[>>'])
  })

  it('is merged from files in order, the text in CT_LOCAL_CONFIG, and flags', () => {
    const merged = config(
      ['-template=d', '-config=1', '-log-level=trace', '-config=2', '-exec-env-custom=C=3'],
      {
        1: 'template { source = "a" } consul { address = "1" token = "1" } pid_file = "1" log_level = "err"',
        2: 'template { source = "b" } consul { address = "2" } exec { env { custom = ["B=2"] } command = "x" }',
      },
      { CT_LOCAL_CONFIG: 'template { source = "c" } pid_file = "local"' },
    )
    const sources = merged.templates.map(({ source }) => 'path' in source && source.path)
    expect(sources).toEqual(['a', 'b', 'c', 'd'])
    expect(merged).toMatchObject({
      consul: { address: '2', token: '1' },
      pidFile: 'local',
      logLevel: 'TRACE',
      exec: { environment: { custom: ['B=2', 'C=3'] } },
      configPaths: ['1', '2'],
    })
  })

  it("takes what is not said from the variables of Consul's programs", () => {
    const environment = {
      CONSUL_HTTP_ADDR: 'env:1',
      CONSUL_HTTP_TOKEN: ' t ',
      CONSUL_HTTP_AUTH: 'u:p',
      CONSUL_HTTP_SSL: 'true',
      CONSUL_HTTP_SSL_VERIFY: 'false',
      CONSUL_CACERT: '/ca',
      CT_LOG: 'info',
    }
    const { consul, logLevel } = config([], {}, environment)
    expect(logLevel).toBe('INFO')
    expect(consul).toMatchObject({ address: 'env:1', token: 't', auth: 'u:p' })
    expect(consul.ssl).toMatchObject({ isEnabled: true, isVerified: false, caCert: '/ca' })
    expect(config(['-consul-addr=flag:1'], {}, environment).consul.address).toBe('flag:1')
  })

  it('reads a token from its file', () => {
    const files = { '/t': 'secret\n' }
    expect(config(['-consul-token-file=/t'], files).consul.token).toBe('secret')
    expect(config([], files, { CONSUL_HTTP_TOKEN_FILE: '/t' }).consul.token).toBe('secret')
  })
})

describe('flags', () => {
  it.each([
    ['-consul h:1', { consul: { address: 'h:1' } }],
    ['-consul-auth u:p:q', { consul: { auth: 'u:p:q' } }],
    ['-consul-retry=false', { consul: { retry: { isEnabled: false } } }],
    ['-retry 3s', { consul: { retry: { backoffMs: 3000 } } }],
    ['-consul-ssl-verify=false', { consul: { ssl: { isEnabled: true, isVerified: false } } }],
    ['-once -dry -parse-only', { isOnce: true, isDry: true, isParseOnly: true }],
    ['--wait=5s:10s', { wait: { minMs: 5000, maxMs: 10_000 } }],
    ['-max-stale 0', { mostStaleMs: 0 }],
    ['-kill-signal sigterm', { killSignal: 'SIGTERM' }],
    ['-reload-signal=', { reloadSignal: undefined }],
    ['-exec haproxy -exec-splay 1s', { exec: { splayMs: 1000, command: { kind: 'arguments' } } }],
    ['-syslog -syslog-facility LOCAL3', { syslog: { facility: 'LOCAL3' } }],
    ['-log-file /l -log-rotate-max-files 3', { logFile: { path: '/l', mostFiles: 3 } }],
    ['-sigterm ignore -once-timeout 9s', { sigterm: 'ignore', onceTimeoutMs: 9000 }],
  ])('%s', (line, expected) => {
    expect(config(line.split(' '))).toMatchObject(expected)
  })

  it('say how they are used, and which version', () => {
    const help = read(['-h'])
    expect(help).toMatchObject({ kind: 'text' })
    for (const name of ['-consul-addr', '-exec-env-denylist', '-once-timeout']) {
      expect(JSON.stringify(help)).toContain(`  ${name} `)
    }
    expect(JSON.stringify(help)).not.toContain('-vault')
    expect(read(['-v'])).toMatchObject({ text: expect.stringMatching(/^consul-template v\d.*\n$/) })
  })
})
