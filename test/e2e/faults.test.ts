import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeSnapshot } from '../../src/registry/embedded/snapshot-file.ts'
import { RegistryStorage } from '../../src/registry/embedded/storage.ts'
import { DockerProxy } from '../support/docker-proxy.ts'
import { get, Load, type Answer } from './support/load.ts'
import { end, Stage } from './support/stage.ts'

let stage: Stage
let web: string
const releases: (() => Promise<void>)[] = []

beforeEach(async () => {
  stage = await Stage.open()
  web = stage.name('web')
})

afterEach(async () => {
  for (const release of releases.splice(0)) await release()
  await stage.close()
})

/** kill -9, and its worker, which ends a moment after its master, listens no more. */
async function killHaproxy(): Promise<void> {
  process.kill(await stage.haproxyPid(), 'SIGKILL')
  await stage.until(
    () =>
      get({ port: stage.port }).then(
        () => false,
        (error: unknown) => error instanceof Error && error.message.includes('ECONNREFUSED'),
      ),
    'nobody listens any more',
  )
}

/** A start that must fail: exit code and what it says. */
async function failedStart(...args: readonly string[]): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await stage.cli(...stage.upArguments(...args))
  expect(await stage.haproxyPid()).toBe(0)
  return { code, stderr }
}

describe('a start that cannot succeed says why in one line, and leaves nothing', () => {
  it('when the port is busy', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(stage.port, '127.0.0.1', resolve))
    releases.push(() => new Promise((resolve) => server.close(() => resolve())))
    const { code, stderr } = await failedStart('--docker', 'none')
    expect(code).toBe(1)
    expect(stderr).toContain(String(stage.port))
    expect(stderr.split('\n').filter((line) => line.startsWith('fairlead:'))).toHaveLength(1)
  })

  it('when there is no haproxy program', async () => {
    const { code, stderr } = await failedStart('--docker', 'none', '--haproxy', '/nowhere/haproxy')
    expect(code).toBe(1)
    expect(stderr).toContain('apt-get install haproxy')
  })

  it('when the haproxy program is too old', async () => {
    const path = join(stage.folder, 'haproxy')
    await writeFile(path, '#!/bin/sh\necho "HA-Proxy version 2.2.9 2021/02/06"\n', { mode: 0o755 })
    const { code, stderr } = await failedStart('--docker', 'none', '--haproxy', path)
    expect(code).toBe(1)
    expect(stderr).toContain('2.2.9')
  })

  it('when no Docker daemon answers', async () => {
    const { code, stderr } = await failedStart('--docker', `unix://${stage.folder}/none.sock`)
    expect(code).toBe(1)
    expect(stderr).toContain('none.sock')
    expect(stderr).toContain('--docker')
  })

  it('when a setting is wrong', async () => {
    const { code, stderr } = await failedStart('--docker', 'none', '--route', 'everything')
    expect(code).toBe(2)
    expect(stderr).toContain('--route')
  })

  it('when another one of that name runs', async () => {
    await stage.up('--docker', 'none')
    const pid = await stage.haproxyPid()
    const { code, stderr } = await stage.cli(...stage.upArguments('--docker', 'none'))
    expect(code).toBe(1)
    expect(stderr).toContain('already running')
    expect(await stage.haproxyPid()).toBe(pid)
  })
})

describe('Docker', () => {
  it('may be gone for a while: traffic goes on, and the state is repaired on its return', async () => {
    const proxy = new DockerProxy(join(stage.folder, 'docker.sock'))
    await proxy.open()
    releases.push(() => proxy.close())
    const first = await stage.startContainer({ service: web })
    await stage.startContainer({ service: web })
    await stage.up('--docker', proxy.url)
    await stage.untilServing(web, 2)
    const load = new Load({
      port: stage.port,
      perSecond: 100,
      host: `${web}.localhost`,
      service: web,
    })
    await proxy.close()
    await stage.until(
      async () => (await stage.status()).sources[0]?.state === 'connecting',
      'the loss is noticed',
    )
    expect((await stage.status()).problems.some((each) => each.where.startsWith('docker:'))).toBe(
      true,
    )
    const third = await stage.startContainer({ service: web })
    await stage.remove(first)
    await proxy.open()
    await stage.until(async () => {
      const { services } = await stage.status()
      const endpoints = services.find((each) => each.name === web)?.endpoints ?? []
      return (
        endpoints.length === 2 &&
        endpoints.some(
          (each) => each.candidate === third.name && each.haproxyStatus.startsWith('UP'),
        )
      )
    }, 'the state is right again')
    expect((await load.stop()).failures).toEqual([])
  })

  it('may go silent: a stream that is open but dead is noticed within ten seconds', async () => {
    const proxy = new DockerProxy(join(stage.folder, 'docker.sock'))
    await proxy.open()
    releases.push(() => proxy.close())
    await stage.startContainer({ service: web })
    await stage.up('--docker', proxy.url)
    await stage.untilServing(web, 1)
    proxy.silence()
    await stage.startContainer({ service: web })
    await stage.untilServing(web, 2)
  })

  it('may be away at a restart: the last state is served from the snapshot', async () => {
    const proxy = new DockerProxy(join(stage.folder, 'docker.sock'))
    await proxy.open()
    releases.push(() => proxy.close())
    await stage.startContainer({ service: web })
    const daemon = await stage.up('--docker', proxy.url)
    await stage.untilServing(web, 1)
    await end(daemon, 'SIGTERM')
    await killHaproxy()
    await proxy.close()
    stage.spawnUp('--docker', proxy.url)
    await stage.until(async () => {
      const answer = await get({ port: stage.port, host: `${web}.localhost` }).catch(
        () => undefined,
      )
      return answer?.status === 200
    }, 'it serves again')
  })

  it('may be away after the machine was restarted: no address from before is used', async () => {
    const proxy = new DockerProxy(join(stage.folder, 'docker.sock'))
    await proxy.open()
    releases.push(() => proxy.close())
    await stage.startContainer({ service: web })
    const daemon = await stage.up('--docker', proxy.url)
    await stage.untilServing(web, 1)
    await end(daemon, 'SIGTERM')
    await killHaproxy()
    await proxy.close()
    const path = join(stage.stateFolder, 'registry.snapshot')
    const stored = await new RegistryStorage(path).load()
    await writeFile(path, encodeSnapshot(stored?.contents ?? new Map(), 'another boot'))
    stage.spawnUp('--docker', proxy.url)
    const request = { port: stage.port, host: `${web}.localhost` }
    let answer: Answer | undefined
    await stage.until(async () => {
      answer = await get(request).catch(() => undefined)
      return answer !== undefined
    }, 'it answers')
    expect(answer?.status).toBe(503)
    expect(answer?.headers['retry-after']).toBeDefined()
    await proxy.open()
    await stage.untilServing(web, 1)
    expect((await get(request)).status).toBe(200)
  })
})

describe('files of the state folder', () => {
  it('that are torn are refused by name and kept aside', async () => {
    await stage.startContainer({ service: web })
    const daemon = await stage.up()
    await stage.untilServing(web, 1)
    await end(daemon, 'SIGTERM')
    for (const name of ['registry.snapshot', 'kept.json', 'running.json']) {
      const path = join(stage.stateFolder, name)
      const text = await readFile(path, 'utf8')
      await writeFile(path, text.slice(0, text.length / 2))
    }
    await stage.up()
    await stage.untilServing(web, 1)
    const files = await readdir(stage.stateFolder)
    expect(files).toContain('registry.snapshot.refused')
    expect(files).toContain('kept.json.refused')
    const { problems } = await stage.status()
    expect(problems.map((each) => each.what).join('\n')).toContain('registry.snapshot was refused')
  })

  it('from a newer version are refused by name', async () => {
    const daemon = await stage.up('--docker', 'none')
    await stage.api('PUT', '/v1/agent/service/register', { Name: 'x', Port: 1 })
    await end(daemon, 'SIGTERM')
    const path = join(stage.stateFolder, 'registry.snapshot')
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.replace(/^fairlead-snapshot 2/, 'fairlead-snapshot 3'))
    await stage.up('--docker', 'none')
    const { problems } = await stage.status()
    expect(problems.map((each) => each.what).join('\n')).toContain('version 2')
  })
})

describe('HAProxy changed behind the back', () => {
  it('is repaired at the next change at the latest', async () => {
    await stage.startContainer({ service: web })
    const daemon = await stage.up()
    await stage.untilServing(web, 1)
    await end(daemon, 'SIGKILL')
    const config = join(stage.stateFolder, 'haproxy.cfg')
    await writeFile(config, (await readFile(config, 'utf8')).replace('roundrobin', 'leastconn'))
    await stage.up()
    await stage.untilServing(web, 1)
    expect(await readFile(config, 'utf8')).toContain('balance roundrobin')
  })
})
