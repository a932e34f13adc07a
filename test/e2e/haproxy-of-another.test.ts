import { mkdir, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StatusReport } from '../../src/api/contract.ts'
import { observe } from '../../src/haproxy/process/observe.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { HaproxyContainer } from '../support/haproxy-container.ts'
import { end, Stage } from './support/stage.ts'

/** What HAProxy starts with before fairlead has come; any text that it takes will do. */
const firstText = 'defaults\n  mode http\n  timeout client 1s\nfrontend none\n  bind 127.0.0.1:1\n'

describe.each(haproxyPrograms())('up with a HAProxy $line of another container', ({ path }) => {
  let stage: Stage
  let haproxy: HaproxyContainer
  let shared: string

  beforeEach(async () => {
    stage = await Stage.open()
    shared = join(stage.folder, 'shared')
    await mkdir(shared)
    await writeFile(join(shared, 'haproxy.cfg'), firstText)
    // The same path for both, as a volume is mounted.
    haproxy = await HaproxyContainer.create(path, shared, shared)
  })

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(haproxy.output())
    await stage.close()
    await haproxy.remove()
  })

  const socket = () => join(shared, 'master.sock')
  const up = () => stage.up('--haproxy-socket', socket(), '--http', '*:8080')
  const reloads = async () => (await observe(socket(), 30_000)).master?.reloads

  /** Also false while fairlead itself does not answer yet. */
  async function isMissed(): Promise<boolean> {
    const { status, body } = await stage.api('GET', '/api/status')
    return status === 200 && (JSON.parse(body) as StatusReport).haproxy.state === 'down'
  }

  /** The host name that answers, empty when none does. */
  async function answer(service: string): Promise<string> {
    const host = await haproxy.address()
    const headers = { host: `${service}.localhost` }
    return new Promise((resolve) => {
      const call = get({ host, port: 8080, headers, agent: false, timeout: 5000 }, (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (text: string) => (body += text))
        response.on('end', () => resolve(response.statusCode === 200 ? body : ''))
      })
      call.on('timeout', () => call.destroy())
      call.on('error', () => resolve(''))
    })
  }

  it('waits for it, serves by it, is not lost with it, and leaves it running', async () => {
    const service = stage.name('shop')
    const first = await stage.startContainer({ service })
    const early = stage.spawnUp('--haproxy-socket', socket(), '--http', '*:8080')
    await stage.until(isMissed, 'it waits')
    await haproxy.start()
    await stage.until(async () => (await answer(service)).includes(first.hostname), 'it serves')
    const before = await reloads()

    const second = await stage.startContainer({ service })
    await stage.untilServing(service, 2)
    await stage.remove(first)
    await stage.untilServing(service, 1)
    expect(await answer(service)).toContain(second.hostname)
    expect(await reloads()).toBe(before)

    // What has changed while it was away is made good when it is back.
    await haproxy.stop()
    await stage.until(isMissed, 'it is missed')
    const third = await stage.startContainer({ service })
    await stage.remove(second)
    await haproxy.start()
    await stage.until(async () => (await reloads()) === 1, 'it is repaired')
    await stage.until(async () => (await answer(service)).includes(third.hostname), 'it serves')

    await end(early, 'SIGTERM')
    expect(await answer(service)).toContain(third.hostname)
    const kept = await reloads()
    await up()
    expect((await stage.status()).haproxy).toMatchObject({ state: 'running', isAdopted: true })
    expect(await reloads()).toBe(kept)

    expect(await stage.ask('down')).toMatchObject({ code: 0 })
    expect(await answer(service)).toContain(third.hostname)
  })
})
