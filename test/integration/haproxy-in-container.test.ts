import { writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { capabilitiesOf } from '../../src/haproxy/capabilities.ts'
import { AttachedHaproxy } from '../../src/haproxy/process/attached.ts'
import { parseServers } from '../../src/haproxy/runtime/servers.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { HaproxyContainer, sharedFolder } from '../support/haproxy-container.ts'
import { HaproxyLab, until } from '../support/haproxy-lab.ts'

describe.each(haproxyPrograms())('a HAProxy $line in another container', ({ path: program }) => {
  let lab: HaproxyLab
  let container: HaproxyContainer
  let haproxy: AttachedHaproxy

  beforeEach(async () => {
    lab = await HaproxyLab.open(program)
    await write('one')
    container = await HaproxyContainer.create(program, lab.folder)
    lab.release(() => container.remove())
    haproxy = new AttachedHaproxy({
      socket: lab.options.masterSocket,
      configPath: lab.options.configPath,
      recordPath: `${lab.folder}/record.json`,
      pathMap: [{ theirs: sharedFolder, ours: lab.folder }],
    })
    await container.start()
    await untilThere()
  })

  afterEach(() => lab.close())

  const untilThere = () =>
    until('HAProxy answers', () =>
      haproxy.refresh().then(
        () => true,
        () => false,
      ),
    )

  /** A text whose every answer is one word, with the container's paths. */
  async function write(word: string): Promise<void> {
    const { config, files } = lab.desired([{ name: 'a', port: 9 }], { binds: ['*:8080'] })
    const answer = `http-request return status 200 content-type text/plain string ${word}`
    const text = config.replace('backend app\n', `backend app\n  ${answer}\n`)
    await writeFile(lab.options.configPath, text.replaceAll(lab.folder, sharedFolder))
    for (const [path, content] of files) await writeFile(path, content)
  }

  async function word(): Promise<string> {
    const host = await container.address()
    return new Promise((resolve, reject) => {
      get({ host, port: 8080, agent: false }, (response) => {
        response.setEncoding('utf8')
        response.once('data', resolve)
      }).on('error', reject)
    })
  }

  it('takes commands and reloads, and says of a text itself that it is wrong', async () => {
    // Its own worker's pid is another process here, or none; so its addresses are no business of ours.
    await haproxy.probeBinds([{ address: '203.0.113.1', port: 1 }])
    expect(haproxy.problems()).toMatchObject([
      { what: expect.stringContaining('not on this machine') },
    ])
    await haproxy.execute(['set server app/a weight 7'])
    const [state = ''] = await haproxy.execute(['show servers state app'])
    expect(parseServers(state).get('app/a')?.weight).toBe(7)

    await write('two')
    await haproxy.validate(lab.options.configPath)
    const { workerPid } = haproxy
    await haproxy.reload()
    await haproxy.confirmText()
    expect(haproxy.workerPid).not.toBe(workerPid)
    expect(haproxy.isTextKnown).toBe(true)
    // The old worker listens until it has read its signal.
    await expect.poll(word).toBe('two')

    await writeFile(lab.options.configPath, 'nonsense\n')
    const isTold = capabilitiesOf(haproxy.version).hasSynchronousReload
    await expect(haproxy.reload()).rejects.toMatchObject(
      isTold
        ? { code: 'config_rejected', message: expect.stringContaining('nonsense') }
        : { code: 'reload_failed' },
    )
    expect(await word()).toBe('two')
    await write('three')
    await haproxy.reload()
    await expect.poll(word).toBe('three')
  })

  it('is noticed to have been restarted, though its processes have the same pids', async () => {
    await haproxy.confirmText()
    const before = haproxy.observed?.worker
    const old = new AttachedHaproxy({
      socket: lab.options.masterSocket,
      configPath: lab.options.configPath,
      recordPath: `${lab.folder}/other.json`,
      pathMap: [{ theirs: sharedFolder, ours: lab.folder }],
    })
    await old.refresh()
    await container.stop()
    await expect(haproxy.refresh()).rejects.toMatchObject({ code: 'haproxy_unreachable' })
    await container.restart()
    await untilThere()
    const after = haproxy.observed?.worker
    expect(after?.startedAtSeconds).not.toBe(before?.startedAtSeconds)
    expect(haproxy.isTextKnown).toBe(false)
    await expect(old.execute(['set server app/a weight 9'])).rejects.toMatchObject({
      code: 'haproxy_unreachable',
    })
    const [state = ''] = await haproxy.execute(['show servers state app'])
    expect(parseServers(state).get('app/a')?.weight).toBe(1)
  })
})
