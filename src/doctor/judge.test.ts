import { describe, expect, it } from 'vitest'
import { capabilitiesOf } from '../haproxy/capabilities.ts'
import type { Observed } from '../haproxy/process/observe.ts'
import { parseInfo } from '../haproxy/runtime/info.ts'
import type { DoctorFacts, ProcessFacts, SocketFacts } from './facts.ts'
import { judge } from './judge.ts'

const text = `global
  noreuseport
  hard-stop-after 10m
  stats socket /run/haproxy/admin.sock mode 600 level admin
defaults
  mode http
frontend web
  bind :8080
  default_backend app
backend app
  server a 10.0.0.1:80
`

function observed(change: Partial<Observed> = {}, version = '3.4.7', fields = ''): Observed {
  const info = `Version: ${version}\nPid: 11\nUptime_sec: 5\nStopping: 0\nStart_time_sec: 7\nMaxconn: 1000\nCurrConns: 1\nUlimit-n: 2100\nNbthread: 2\n${fields}`
  const worker = parseInfo(info)
  if (worker === undefined) throw new Error('no worker')
  return {
    master: {
      masterPid: 10,
      reloads: 0,
      failed: 0,
      version,
      workers: [11],
      oldWorkers: [],
      uptimeSeconds: new Map(),
    },
    worker,
    level: 'admin',
    sockets: [{ address: 'unix@/run/haproxy/admin.sock', level: 'admin' }],
    ...change,
  }
}

const socket = (change: Partial<SocketFacts> = {}): SocketFacts => ({
  address: '/run/m.sock',
  by: '--socket',
  observed: observed(),
  error: '',
  file: { mode: 0o600, owner: 0, group: 0, changedMs: 0 },
  ...change,
})

const own: ProcessFacts = {
  pid: 10,
  pids: [10, 11],
  arguments: ['haproxy', '-W'],
  listensOn: [{ address: '0.0.0.0', port: 8080 }],
  hardFiles: 1_048_576,
}

const program = { path: '/usr/sbin/haproxy', version: '3.4.7', error: '' }

/** A machine with nothing to complain about. */
function healthy(change: Partial<DoctorFacts> = {}): DoctorFacts {
  return {
    programs: [program],
    sockets: [socket()],
    processes: [own],
    local: { process: own, program, isReplaced: false },
    text: { paths: ['/etc/haproxy/haproxy.cfg'], text, error: '', changedMs: 0 },
    adoption: { isRecorded: false, differences: [] },
    capabilities: capabilitiesOf('3.4.7'),
    state: { path: '/s', exists: true, error: '', freeBytes: 1e12, hasDaemon: false },
    docker: [{ url: 'unix:///d.sock', error: '', refused: [], excess: [] }],
    machine: { cores: 4, user: 0, lowestFreePort: 1024, mayBindLowPorts: true, nowMs: 0 },
    ...change,
  }
}

const withText = (change: (whole: string) => string): Partial<DoctorFacts> => ({
  text: { paths: ['/f'], text: change(text), error: '', changedMs: 0 },
})
const running = (change: Partial<Observed>, version?: string, fields?: string) => ({
  sockets: [socket({ observed: observed(change, version, fields) })],
})
const silent = socket({ observed: undefined, error: 'connect ECONNREFUSED' })

type Case = readonly [
  name: string,
  change: Partial<DoctorFacts>,
  level: string,
  found: RegExp,
  fix: RegExp,
]

const cases: readonly Case[] = [
  [
    'another version installed than running',
    running({}, '2.6.12'),
    'warning',
    /2\.6\.12 is running, and 3\.4\.7 is installed/,
    /reload once/,
  ],
  [
    'the file of the running program replaced',
    { local: { process: own, program, isReplaced: true } },
    'note',
    /replaced or removed/,
    /next reload/,
  ],
  [
    'no program at all',
    { programs: [], sockets: [], processes: [], local: undefined },
    'error',
    /no haproxy program/,
    /apt-get/,
  ],
  [
    'a program too old',
    { programs: [{ ...program, version: undefined, error: 'it is HAProxy 2.4.1' }] },
    'error',
    /2\.4\.1/,
    /2\.6/,
  ],
  ['a branch without fixes', running({}, '2.9.3'), 'warning', /2\.9 gets no fixes/, /long support/],
  ['HAProxy in a container', { local: undefined }, 'note', /in a container/, /checks a text/],
  ['nobody at the socket', { sockets: [silent] }, 'error', /ECONNREFUSED/, /see that HAProxy runs/],
  [
    'a HAProxy without a socket',
    { sockets: [], local: undefined },
    'error',
    /process 10.*none answers/,
    /-W -S/,
  ],
  [
    'a socket that is not ours',
    {
      sockets: [
        socket({
          observed: undefined,
          error: 'connect EACCES /run/m.sock',
          file: { mode: 0o660, owner: 0, group: 99, changedMs: 0 },
        }),
      ],
    },
    'error',
    /user 0 and group 99 with mode 660/,
    /root/,
  ],
  [
    'a socket for everybody',
    { sockets: [socket({ file: { mode: 0o666, owner: 0, group: 0, changedMs: 0 } })] },
    'warning',
    /everybody/,
    /600/,
  ],
  [
    'level operator only',
    running({ level: 'operator' }),
    'error',
    /level operator only/,
    /level,admin/,
  ],
  [
    'level operator of a stats socket',
    running({ level: 'operator', master: undefined }),
    'error',
    /level operator only/,
    /stats socket \/run\/m\.sock mode 600 level admin/,
  ],
  [
    'no master socket',
    running({ master: undefined }),
    'warning',
    /cannot reload/,
    /-S.*--reload-command/,
  ],
  ['no stats socket', running({ sockets: [] }), 'note', /through the master/, /stats socket/],
  [
    'an open TCP socket',
    running({ sockets: [{ address: 'ipv4@0.0.0.0:99', level: 'admin' }] }),
    'warning',
    /0\.0\.0\.0:99, without a password/,
    /127/,
  ],
  [
    'two HAProxy here',
    { processes: [own, { ...own, pid: 20, pids: [20], listensOn: [] }] },
    'note',
    /2 HAProxy run.*process 10/,
    /--socket/,
  ],
  [
    'HAProxy without a master',
    {
      ...running({ master: undefined }),
      local: { process: { ...own, pids: [10] }, program, isReplaced: false },
    },
    'warning',
    /without a master/,
    /-W/,
  ],
  [
    'failed reloads',
    running({
      master: {
        masterPid: 10,
        reloads: 4,
        failed: 2,
        version: '3',
        workers: [11],
        oldWorkers: [],
        uptimeSeconds: new Map(),
      },
    }),
    'warning',
    /last 2 reloads failed/,
    /haproxy -c/,
  ],
  [
    'old workers',
    running({
      master: {
        masterPid: 10,
        reloads: 4,
        failed: 0,
        version: '3',
        workers: [11],
        oldWorkers: [1, 2, 3, 4, 5],
        uptimeSeconds: new Map(),
      },
    }),
    'warning',
    /5 old workers/,
    /hard-stop-after/,
  ],
  [
    'connections nearly full',
    running({}, '3.4.7', 'CurrConns: 900\n'),
    'warning',
    /nearly full/,
    /maxconn/,
  ],
  [
    'a full start behind it',
    running({}, '3.4.7', 'MaxconnReached: 3\n'),
    'warning',
    /reached 3 times/,
    /maxconn/,
  ],
  [
    'a limit below what it has',
    { local: { process: { ...own, hardFiles: 1024 }, program, isReplaced: false } },
    'error',
    /2100 file descriptors.*1024/,
    /LimitNOFILE/,
  ],
  [
    'more threads than cores',
    { machine: { ...healthy().machine, cores: 1 } },
    'note',
    /2 threads on 1 cores/,
    /nbthread/,
  ],
  [
    'no configuration',
    { text: undefined, adoption: undefined },
    'note',
    /not known which text/,
    /--config/,
  ],
  [
    'a text that does not run',
    { adoption: { isRecorded: false, differences: ['app/a is in the text only'] } },
    'warning',
    /app\/a is in the text only/,
    /fairlead plan/,
  ],
  [
    'an unreadable text',
    { text: { paths: ['/f'], text: '', error: 'EACCES', changedMs: 0 } },
    'error',
    /\/f: EACCES/,
    /right to read/,
  ],
  [
    'no noreuseport',
    withText((whole) => whole.replace('  noreuseport\n', '')),
    'warning',
    /without noreuseport/,
    /noreuseport/,
  ],
  [
    'a second HAProxy on the port',
    { processes: [own, { ...own, pid: 20, pids: [20, 21] }] },
    'error',
    /process 20\) listens on port 8080/,
    /kill -TERM 20/,
  ],
  [
    'no end for old workers',
    withText((whole) => whole.replace('  hard-stop-after 10m\n', '')),
    'note',
    /hard-stop-after/,
    /10m/,
  ],
  [
    'a server state file',
    withText((whole) => whole.replace('mode http', 'load-server-state-from-file global')),
    'warning',
    /stays so after a reload/,
    /leave it away/,
  ],
  [
    'a low port',
    {
      ...withText((whole) => whole.replace(':8080', ':80')),
      machine: { ...healthy().machine, user: 1000, mayBindLowPorts: false },
    },
    'warning',
    /port 80 may not be bound by user 1000/,
    /CAP_NET_BIND_SERVICE/,
  ],
  [
    'a maxconn that does not fit',
    {
      ...withText((whole) => whole.replace('noreuseport', 'maxconn 600000\n  noreuseport')),
    },
    'error',
    /maxconn 600000 needs about 1200000/,
    /LimitNOFILE/,
  ],
  [
    'a foreign state folder',
    { state: { ...healthy().state, error: '/s belongs to another user (5)' } },
    'error',
    /another user/,
    /chown/,
  ],
  [
    'a full disk',
    { state: { ...healthy().state, freeBytes: 1e6 } },
    'error',
    /1 MB are free/,
    /make room/,
  ],
  [
    'no Docker',
    { docker: [{ url: 'unix:///d.sock', error: 'ENOENT', refused: [], excess: undefined }] },
    'note',
    /ENOENT/,
    /--docker/,
  ],
]

describe('the doctor', () => {
  it('finds nothing to change where all is well', () => {
    expect(judge(healthy()).filter(({ level }) => level !== 'ok')).toEqual([])
  })

  it('says nothing of sockets that it only guessed at', () => {
    const guess = { ...silent, by: 'its usual place' }
    const findings = judge(healthy({ sockets: [guess, socket()] }))
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([])
  })

  it.each(cases)('sees %s', (_, change, level, found, fix) => {
    const findings = judge(healthy(change)).filter((finding) => found.test(finding.found))
    expect(findings).toMatchObject([{ level, change: expect.stringMatching(fix) }])
  })

  it.each([
    [
      '2.6.12',
      /without a reload: servers, map entries; with a reload: servers with cookies \(3\.0\), whole backends \(3\.4\); why/,
    ],
    [
      '3.0.11',
      /without a reload: servers, servers with cookies, map entries; with a reload: whole backends \(3\.4\)$/,
    ],
    ['3.4.7', /without a reload: servers, servers with cookies, whole backends, map entries$/],
  ])('says in words what %s can do', (version, words) => {
    const findings = judge(healthy({ capabilities: capabilitiesOf(version) }))
    expect(findings.find(({ about }) => about === 'abilities')?.found).toMatch(words)
  })
})
