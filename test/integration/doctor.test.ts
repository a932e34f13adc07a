import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collect } from '../../src/doctor/collect.ts'
import type { DoctorOptions } from '../../src/doctor/collect.ts'
import type { Finding } from '../../src/doctor/facts.ts'
import { judge } from '../../src/doctor/judge.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { HaproxyLab } from '../support/haproxy-lab.ts'
import { freePort } from '../support/ports.ts'
import { attachedIn, Supervisor } from '../support/supervised-haproxy.ts'

describe.each(haproxyPrograms())('the doctor of HAProxy $line', ({ path: program, version }) => {
  let lab: HaproxyLab

  beforeEach(async () => {
    lab = await HaproxyLab.open(program)
    await lab.write(lab.desired([{ name: 'a', port: 9 }]))
  })

  afterEach(() => lab.close())

  async function examine(change: Partial<DoctorOptions> = {}): Promise<readonly Finding[]> {
    const facts = await collect({
      socket: lab.options.masterSocket,
      config: undefined,
      docker: undefined,
      stateFolder: join(lab.folder, 'state'),
      haproxy: program,
      environment: { DOCKER_HOST: `unix://${lab.folder}/no-docker.sock` },
      hasDaemon: false,
      nowMs: Date.now(),
      ...change,
    })
    return judge(facts)
  }

  const found = (findings: readonly Finding[], level: Finding['level']) =>
    findings.filter((finding) => finding.level === level).map((finding) => finding.found)

  it('finds one that is as it should be in order', async () => {
    await attachedIn(lab).start()
    const findings = await examine()
    expect(found(findings, 'error')).toEqual([])
    expect(found(findings, 'warning')).toEqual([])
    expect(found(findings, 'ok')).toEqual(
      expect.arrayContaining([
        `HAProxy ${version} is running`,
        `${lab.options.masterSocket} (--socket) is a master's socket, with level admin`,
        `the servers that HAProxy has are those of ${lab.options.configPath}: its state can be taken over`,
        'noreuseport: no second HAProxy can share its ports',
      ]),
    )
  })

  it('finds it by its configuration or its command line where no socket is named', async () => {
    const haproxy = attachedIn(lab)
    await haproxy.start()
    const byText = await examine({ socket: undefined, config: lab.options.configPath })
    expect(found(byText, 'ok')).toContain(
      `${lab.options.workerSocket} (the configuration) is a worker's stats socket, with level admin`,
    )
    const byLine = await collect({
      socket: undefined,
      config: undefined,
      docker: undefined,
      stateFolder: join(lab.folder, 'state'),
      haproxy: program,
      environment: {},
      hasDaemon: false,
      nowMs: Date.now(),
    })
    const own = byLine.processes.find(({ pid }) => pid === haproxy.supervisor.pid)
    expect(own?.pids).toContain(haproxy.workerPid)
    expect(own?.listensOn).toContainEqual(expect.objectContaining({ port: lab.port }))
  })

  it('sees a second HAProxy on the same port, a text that does not run, and an open socket', async () => {
    const text = lab.desired([{ name: 'a', port: 9 }])
    const shared = { ...text, config: text.config.replace('  noreuseport\n', '') }
    await lab.write(shared)
    const haproxy = attachedIn(lab)
    await haproxy.start()
    const second = await HaproxyLab.open(program)
    lab.release(() => second.close())
    const socket = second.options.workerSocket
    const config = shared.config.replace(lab.options.workerSocket, socket)
    await second.write({ ...shared, config })
    const other = new Supervisor(second)
    await other.start()
    await lab.write({
      ...shared,
      config: `${shared.config}\nbackend later\n  server z 127.0.0.1:9\n`,
    })
    await chmod(lab.options.masterSocket, 0o666)

    const findings = await examine()
    expect(found(findings, 'error')).toEqual([
      `another HAProxy (process ${other.pid}) listens on port ${lab.port} too, and takes a part of the requests`,
    ])
    expect(found(findings, 'warning')).toEqual([
      expect.stringContaining('may be used by everybody'),
      expect.stringContaining('later/z is in the text only'),
      expect.stringContaining('without noreuseport'),
    ])
  })

  it('sees failed reloads and a level that is too low', async () => {
    const operator = join(lab.folder, 'operator.sock')
    const more = { global: `stats socket ${operator} mode 600 level operator` }
    await lab.write(lab.desired([{ name: 'a', port: 9 }], more))
    const haproxy = attachedIn(lab)
    await haproxy.start()
    const low = await examine({ socket: operator })
    expect(found(low, 'error')).toEqual([expect.stringContaining('with level operator only')])
    await writeFile(lab.options.configPath, 'nonsense\n')
    await expect(haproxy.reload()).rejects.toThrow()
    const findings = await examine()
    expect(found(findings, 'warning')).toContain(
      'the last reload failed: the configuration before goes on',
    )
  })

  it('says that nobody answers where nobody does', async () => {
    const socket = `127.0.0.1:${await freePort()}`
    const findings = await examine({ socket })
    expect(found(findings, 'error')).toContainEqual(expect.stringContaining('ECONNREFUSED'))
  })
})
