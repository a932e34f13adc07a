import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SettingsError } from './errors.ts'
import type { FlagValues } from './given.ts'
import { loadSettings } from './load.ts'
import type { SettingsInput } from './load.ts'
import { definitions, settingKeys, variableOf } from './schema.ts'
import type { Settings } from './settings.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-settings-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function input(changes: Partial<SettingsInput> = {}): SettingsInput {
  return {
    flags: {},
    environment: {},
    cwd: folder,
    isRoot: false,
    homeFolder: '/home/ann',
    isTerminal: false,
    systemFolder: join(folder, 'etc'),
    ...changes,
  }
}

function load(changes: Partial<SettingsInput> = {}): Settings {
  return loadSettings(input(changes))
}

/** The mistakes as lines, `where: what` and the hint in parentheses. */
function mistakesOf(changes: Partial<SettingsInput>): readonly string[] {
  try {
    load(changes)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    expect(error.code).toBe('setting_invalid')
    return error.mistakes.map(
      ({ where, what, hint }) => `${where}: ${what}${hint === '' ? '' : ` (${hint})`}`,
    )
  }
  return []
}

function flagMistakes(flags: FlagValues): readonly string[] {
  return mistakesOf({ flags })
}

function writeYaml(text: string): void {
  writeFileSync(join(folder, 'fairlead.yaml'), text)
}

describe('defaults', () => {
  it('need nothing at all', () => {
    expect(load()).toEqual({
      name: 'default',
      stateFolder: '/home/ann/.local/state/fairlead/default',
      docker: [{ name: undefined, url: 'unix:///var/run/docker.sock', certFolder: undefined }],
      swarm: false,
      network: undefined,
      usePublished: false,
      haproxyContainer: undefined,
      joinNetworks: 'on',
      joinOnly: [],
      neverJoin: [],
      publishedAddress: undefined,
      registry: undefined,
      services: [],
      tags: [],
      warning: 'in',
      register: 'published',
      deregisterOn: 'drain',
      commandChecks: false,
      registrationCycleMs: 60_000,
      templates: [],
      leftDelimiter: '{{',
      rightDelimiter: '}}',
      http: ['127.0.0.1:8080'],
      route: 'web',
      domain: 'localhost',
      defaultService: undefined,
      goneServiceMs: 300_000,
      trustedProxies: [],
      haproxy: 'haproxy',
      maxConnections: undefined,
      connectTimeoutMs: 500,
      clientTimeoutMs: 60_000,
      serverTimeoutMs: 60_000,
      requestTimeoutMs: 10_000,
      keepAliveTimeoutMs: 10_000,
      tunnelTimeoutMs: 3_600_000,
      hardStopMs: 3_600_000,
      mostOldWorkers: 50,
      reloadIntervalMs: 2000,
      drift: 'repair',
      driftIntervalMs: 30_000,
      history: 1000,
      user: 'haproxy',
      group: 'haproxy',
      admin: '127.0.0.1:7400',
      adminHosts: [],
      adminTokenFile: undefined,
      accessLog: 'file',
      logLevel: 'info',
      logFormat: 'json',
    })
  })

  it('put the state folder where it belongs for root, for XDG_STATE_HOME and for each name', () => {
    expect(load({ isRoot: true }).stateFolder).toBe('/var/lib/fairlead/default')
    expect(load({ flags: { name: 'blue' } }).stateFolder).toMatch(/fairlead\/blue$/)
    const xdg = { XDG_STATE_HOME: '/state' }
    expect(load({ environment: xdg }).stateFolder).toBe('/state/fairlead/default')
    const relative = { XDG_STATE_HOME: 'state' }
    expect(load({ environment: relative }).stateFolder).toMatch(/^\/home\/ann/)
  })

  it('log for people on a terminal', () => {
    expect(load({ isTerminal: true }).logFormat).toBe('pretty')
  })
})

describe('the ways to give a setting', () => {
  const samples: { readonly [Key in keyof Settings]: readonly [text: string, value: unknown] } = {
    name: ['blue', 'blue'],
    stateFolder: ['/srv/x', '/srv/x'],
    docker: ['tcp://h:1', [{ name: undefined, url: 'tcp://h:1', certFolder: undefined }]],
    swarm: ['true', true],
    network: ['front', 'front'],
    usePublished: ['true', true],
    haproxyContainer: ['edge', 'edge'],
    joinNetworks: ['off', 'off'],
    joinOnly: ['apps-*', ['apps-*']],
    neverJoin: ['db', ['db']],
    publishedAddress: ['10.0.0.1', '10.0.0.1'],
    registry: [
      'consul://127.0.0.1:8500,10.0.0.2:8500?dc=east',
      'consul://127.0.0.1:8500,10.0.0.2:8500?dc=east',
    ],
    services: ['shop*', ['shop*']],
    tags: ['web', ['web']],
    warning: ['out', 'out'],
    register: ['container', 'container'],
    deregisterOn: ['stop', 'stop'],
    commandChecks: ['true', true],
    registrationCycleMs: ['30s', 30_000],
    http: ['*:80', ['*:80']],
    route: ['all', 'all'],
    domain: ['Example.ORG.', 'example.org'],
    defaultService: ['shop', 'shop'],
    goneServiceMs: ['0s', 0],
    trustedProxies: ['10.0.0.0/8', ['10.0.0.0/8']],
    templates: ['/a.ctmpl:/b', [{ source: '/a.ctmpl', path: '/b' }]],
    leftDelimiter: ['<<', '<<'],
    rightDelimiter: ['>>', '>>'],
    haproxy: ['/opt/haproxy', '/opt/haproxy'],
    haproxySocket: ['/run/m.sock', '/run/m.sock'],
    haproxyConfig: ['/run/h.cfg', '/run/h.cfg'],
    maxConnections: ['500', 500],
    connectTimeoutMs: ['250ms', 250],
    clientTimeoutMs: ['1m30s', 90_000],
    serverTimeoutMs: ['5m', 300_000],
    requestTimeoutMs: ['2s', 2000],
    keepAliveTimeoutMs: ['1s', 1000],
    tunnelTimeoutMs: ['1d', 86_400_000],
    hardStopMs: ['30s', 30_000],
    mostOldWorkers: ['5', 5],
    reloadIntervalMs: ['0s', 0],
    drift: ['report', 'report'],
    driftIntervalMs: ['1s', 1000],
    history: ['20', 20],
    user: ['www-data', 'www-data'],
    group: ['33', '33'],
    admin: ['none', undefined],
    adminHosts: ['lb.example.org', ['lb.example.org']],
    adminTokenFile: ['/srv/token', '/srv/token'],
    accessLog: ['off', 'off'],
    logLevel: ['debug', 'debug'],
    logFormat: ['pretty', 'pretty'],
  }

  it.each(settingKeys)('are a flag, a variable and a line of the settings file: %s', (key) => {
    const [text, value] = samples[key]
    const { name, kind } = definitions[key]
    const flag = kind === 'list' ? [text] : kind === 'switch' ? true : text
    // Some choose among the services of a Consul, and are refused without one; one is with it.
    const consul = ['registry', 'swarm'].includes(key) ? {} : { FAIRLEAD_REGISTRY: 'consul://' }
    // Its configuration is only for a HAProxy that somebody else started.
    const other = key === 'haproxyConfig' ? { FAIRLEAD_HAPROXY_SOCKET: '/run/m.sock' } : {}
    const template = key.endsWith('Delimiter') ? { FAIRLEAD_TEMPLATE: '/a.ctmpl' } : {}
    const environment = { ...consul, ...other, ...template }
    expect(load({ environment, flags: { [name]: flag } })[key]).toEqual(value)
    expect(load({ environment: { ...environment, [variableOf(name)]: text } })[key]).toEqual(value)
    writeYaml(`${name}: "${text}"\n`)
    expect(load({ environment })[key]).toEqual(value)
    writeYaml(`${name}: ${kind === 'list' ? `\n  - "${text}"` : `'${text}'`}\n`)
    expect(load({ environment })[key]).toEqual(value)
  })

  it.each([
    ['registry', 'consul.example.org'],
    ['registry', 'etcd://127.0.0.1:2379'],
    ['registry', 'consulkv://127.0.0.1:8500/services'],
    ['warning', 'maybe'],
    ['register', 'host'],
    ['deregister-on', 'kill'],
    ['registration-cycle', '0s'],
  ])('refuse what makes no sense: %s %s', (name, text) => {
    expect(flagMistakes({ [name]: text })).toEqual([expect.stringMatching(`^--${name}: `)])
  })

  it('refuse to choose services of Consul without a Consul', () => {
    expect(flagMistakes({ tag: ['web'] })).toEqual([
      '--tag: chooses among services of Consul, and the registry is the embedded one (add --registry consul://HOST:PORT)',
    ])
  })

  it('refuse to name the configuration of a HAProxy that is not named', () => {
    expect(flagMistakes({ 'haproxy-config': '/run/h.cfg' })).toEqual([
      "--haproxy-config: says what somebody else's HAProxy loads, and fairlead starts its own (add --haproxy-socket PATH)",
    ])
  })

  it('rank flags before environment before file before default', () => {
    writeYaml('domain: file.test\nroute: all\nlog-level: warn\n')
    const environment = { FAIRLEAD_DOMAIN: 'variable.test', FAIRLEAD_ROUTE: 'labelled' }
    const settings = load({ environment, flags: { domain: 'flag.test' } })
    expect(settings).toMatchObject({
      domain: 'flag.test',
      route: 'labelled',
      logLevel: 'warn',
      logFormat: 'json',
    })
  })

  it('replace a list of a weaker origin, and split a variable at commas', () => {
    writeYaml('http: [8001, 8002]\n')
    expect(load().http).toEqual(['127.0.0.1:8001', '127.0.0.1:8002'])
    const environment = { FAIRLEAD_HTTP: ':80, [::1]:81' }
    expect(load({ environment }).http).toEqual(['*:80', '[::1]:81'])
    expect(load({ environment, flags: { http: ['localhost:1'] } }).http).toEqual(['127.0.0.1:1'])
  })

  it('let a flag switch off what the file switches on', () => {
    writeYaml('published: true\n')
    expect(load().usePublished).toBe(true)
    expect(load({ flags: { published: false } }).usePublished).toBe(false)
  })

  it('count an empty variable as not set', () => {
    expect(load({ environment: { FAIRLEAD_HTTP: '', FAIRLEAD_CONFIG: '' } }).http).toEqual([
      '127.0.0.1:8080',
    ])
  })

  it('leave variables alone that other programs make up', () => {
    const environment = { FAIRLEAD_SERVICE_HOST: '10.0.0.1', FAIRLEAD_PORT_8080_TCP: 'tcp://' }
    expect(mistakesOf({ environment })).toEqual([])
  })
})

describe('the settings file', () => {
  it('is the named one, else that of the current folder, else that of the machine', () => {
    mkdirSync(join(folder, 'etc'))
    writeFileSync(join(folder, 'etc', 'fairlead.yaml'), 'domain: machine.test')
    expect(load().domain).toBe('machine.test')
    writeYaml('domain: folder.test')
    expect(load().domain).toBe('folder.test')
    writeFileSync(join(folder, 'one.yaml'), 'domain: one.test')
    writeFileSync(join(folder, 'two.yaml'), 'domain: two.test')
    const environment = { FAIRLEAD_CONFIG: 'one.yaml' }
    expect(load({ environment }).domain).toBe('one.test')
    expect(load({ environment, flags: { config: 'two.yaml' } }).domain).toBe('two.test')
  })

  it('must be there when it was named', () => {
    expect(flagMistakes({ config: 'none.yaml' })).toEqual(['--config: there is no file none.yaml'])
    expect(mistakesOf({ environment: { FAIRLEAD_CONFIG: '/none.yaml' } })).toEqual([
      'FAIRLEAD_CONFIG: there is no file /none.yaml',
    ])
  })

  it('may be empty, or hold comments and anchors', () => {
    writeYaml('# nothing yet\n')
    expect(load().name).toBe('default')
    writeYaml('client-timeout: &t 5s\nserver-timeout: *t\n')
    expect(load()).toMatchObject({ clientTimeoutMs: 5000, serverTimeoutMs: 5000 })
  })

  it('counts relative paths from its own folder, flags from the current one', () => {
    mkdirSync(join(folder, 'etc'))
    writeFileSync(join(folder, 'etc', 'fairlead.yaml'), 'admin-token-file: token\n')
    expect(load().adminTokenFile).toBe(join(folder, 'etc', 'token'))
    expect(load({ flags: { 'state-folder': 'state' } }).stateFolder).toBe(join(folder, 'state'))
    expect(load({ flags: { haproxy: './haproxy' } }).haproxy).toBe(join(folder, 'haproxy'))
  })

  it('names line and column of each mistake, all at once', () => {
    writeYaml(
      'htpp: 80\nroute: some\nhttp:\n  - 8080\n  - 80a\nname: [a, b]\ndomain:\nconnect-timeout: 0s\n',
    )
    expect(mistakesOf({})).toEqual([
      'fairlead.yaml:1:1 htpp: no such setting (did you mean http?)',
      'fairlead.yaml:6:7 name: wants one value',
      'fairlead.yaml:7:8 domain: wants one value',
      'fairlead.yaml:5:5 http: "80a" is not ADDR:PORT, such as 127.0.0.1:8080, *:80 or [::1]:8080',
      'fairlead.yaml:2:8 route: "some" is not one of web, labelled, all',
      'fairlead.yaml:8:18 connect-timeout: a timeout cannot be 0: HAProxy would wait for ever',
    ])
  })

  it('is refused with its position when it is not YAML, or no list of settings', () => {
    writeYaml('http: [8080\nname: x\n')
    expect(mistakesOf({})[0]).toMatch(/^fairlead\.yaml:2:\d+: /)
    writeYaml('name: a\nname: b\n')
    expect(mistakesOf({})).toEqual(['fairlead.yaml:2:1: Map keys must be unique'])
    writeYaml('- name\n')
    expect(mistakesOf({})).toEqual([
      'fairlead.yaml:1:1: the file must hold settings, each as `name: value`',
    ])
  })
})

describe('mistakes', () => {
  it('of flags and variables are named by them, beside those of the file', () => {
    writeYaml('admin: 7400x\n')
    const environment = { FAIRLEAD_LOG_LEVEL: 'loud', FAIRLEAD_DOMIAN: 'x.test' }
    expect(mistakesOf({ flags: { http: ['nohost:80'] }, environment })).toEqual([
      'FAIRLEAD_DOMIAN: no such setting (did you mean FAIRLEAD_DOMAIN?)',
      '--http: "nohost:80" is not ADDR:PORT, such as 127.0.0.1:8080, *:80 or [::1]:8080',
      'fairlead.yaml:1:8 admin: "7400x" is not ADDR:PORT, such as 127.0.0.1:7400, or none',
      'FAIRLEAD_LOG_LEVEL: "loud" is not one of debug, info, warn, error',
    ])
  })

  it('are two addresses that cannot both be listened on', () => {
    expect(flagMistakes({ http: ['8080', '127.0.0.1:8080'] })).toEqual([
      '--http: "127.0.0.1:8080" is given twice',
    ])
    expect(flagMistakes({ http: [':8080', '127.0.0.1:8080'] })).toEqual([
      '--http: *:8080 already covers 127.0.0.1:8080',
    ])
    expect(flagMistakes({ http: ['127.0.0.1:7400'] })).toEqual([
      '--admin: HAProxy serves 127.0.0.1:7400, so the admin API cannot have 127.0.0.1:7400 ' +
        '(choose another --admin address)',
    ])
    expect(flagMistakes({ http: ['127.0.0.1:80', '127.0.0.2:80', '[::1]:80'] })).toEqual([])
  })

  it('are an admin API open to others without a token, and a token open to others', () => {
    expect(flagMistakes({ admin: '0.0.0.0:7400' })).toEqual([
      '--admin: 0.0.0.0:7400 can be reached by others, so the admin API needs a token ' +
        '(add --admin-token-file FILE; a file that is missing is made)',
    ])
    const token = join(folder, 'token')
    const flags = { admin: ':7400', 'admin-token-file': token }
    expect(flagMistakes(flags)).toEqual([])
    writeFileSync(token, 'secret')
    chmodSync(token, 0o640)
    expect(flagMistakes(flags)).toEqual([
      `--admin-token-file: ${token} can be read by others (run: chmod 600 ${token})`,
    ])
    chmodSync(token, 0o600)
    expect(flagMistakes(flags)).toEqual([])
    expect(flagMistakes({ 'admin-token-file': folder })).toEqual([
      `--admin-token-file: ${folder} is not a file`,
    ])
  })

  it('are a state folder whose sockets would have too long a path', () => {
    expect(flagMistakes({ 'state-folder': `/${'x'.repeat(80)}` })[0]).toContain('81 bytes')
  })
})
