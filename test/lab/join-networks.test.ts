import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findComposes } from '../../scripts/lib/compose.mjs'
import { must } from './command.ts'
import { EdgeStage, KeptConnections } from './support/edge-stage.ts'
import { MixedLoad } from './support/mixed-load.ts'
import { until } from './until.ts'

let stage: EdgeStage

beforeAll(async () => {
  stage = await EdgeStage.open(1)
}, 300_000)

afterEach(() => stage.reset())

afterAll(() => stage.close())

const docker = (...args: readonly string[]): Promise<string> => stage.host.docker(...args)

/** Load on the published port from another machine, over new and over kept connections. */
async function underLoad(name: string, work: () => Promise<void>): Promise<number> {
  const load = new MixedLoad({ ...stage.to(name), perSecond: 100 })
  const kept = new KeptConnections(stage.to(name), 4)
  const enough = kept.answered + 50
  await until('the load is answered', () => kept.answered > enough && load.answered > 50)
  try {
    await work()
    const more = kept.answered + 50
    await until('the load is still answered', () => kept.answered > more)
  } finally {
    await kept.stop()
  }
  const { sent, failures } = await load.stop()
  expect(failures).toEqual([])
  expect(kept.failures).toEqual([])
  return sent + kept.answered
}

/** Why a container is left out, and the hint; empty while it is not. */
async function leftOut(name: string): Promise<string> {
  const out = (await stage.status()).leftOut.find((each) => each.name === name)
  return out === undefined ? '' : `${out.reason}\n${out.hint}`
}

describe('the network of a container that gets requests', () => {
  it('is joined before its first request and left after its last, without a restart or a failure', async () => {
    await stage.startHaproxy()
    await stage.startFairlead()
    await stage.startWeb('steady', '0-edge')
    await stage.untilAnswered('steady')
    const run = await stage.haproxyRun()
    await underLoad('steady', async () => {
      for (const network of ['aaa', 'zzz']) {
        await docker('network', 'create', network)
        await stage.startWeb(`on-${network}`, network)
        await stage.untilAnswered(`on-${network}`)
        await stage.untilOn(['0-edge', network])
        await docker('rm', '--force', `on-${network}`)
        await stage.untilOn(['0-edge'])
        await docker('network', 'rm', network)
      }
    })
    expect(await stage.haproxyRun()).toBe(run)
  })

  it('is not joined where that would cut the connections to published ports', async () => {
    await docker('network', 'create', 'edge')
    await stage.startHaproxy('--network', 'edge')
    await stage.startFairlead()
    await stage.startWeb('steady', 'edge')
    await stage.untilAnswered('steady')
    await docker('network', 'create', 'aaa')
    await docker('network', 'create', 'zzz')
    await underLoad('steady', async () => {
      await stage.startWeb('later', 'zzz')
      await stage.startWeb('earlier', 'aaa')
      await stage.startWeb('published', 'aaa', { options: ['--publish', '80'] })
      await stage.untilAnswered('later')
      await stage.untilAnswered('published')
      await docker('rm', '--force', 'later')
      await stage.untilOn(['edge'])
    })
    const earlier = () => leftOut('earlier')
    await expect.poll(earlier).toContain('would cut the connections to its published ports')
    expect(await earlier()).toContain('(0-edge), or accept that with --join-only aaa')
  })

  it('is the default bridge too', async () => {
    await stage.startHaproxy()
    await stage.startFairlead()
    await stage.startWeb('plain', 'bridge')
    await stage.untilAnswered('plain')
    await stage.untilOn(['bridge', '0-edge'])
    await docker('rm', '--force', 'plain')
    await stage.untilOn(['0-edge'])
  })

  it('is not joined for what gets no requests', async () => {
    await stage.startHaproxy()
    await stage.startFairlead()
    await docker('network', 'create', 'data')
    await docker(
      'run',
      '--detach',
      '--name',
      'database',
      '--network',
      'data',
      '--expose',
      '5432',
      '--label',
      'fairlead.enable=false',
      'fairlead-demo',
    )
    await stage.startWeb('web', 'bridge')
    await stage.untilAnswered('web')
    expect(await stage.networksOf()).toEqual(['0-edge', 'bridge'])
    await expect
      .poll(() => stage.explain('database'))
      .toContain('HAProxy is not attached to the network')
  })

  it('is used at once when somebody connects HAProxy by hand, and then never left', async () => {
    await stage.startHaproxy()
    await stage.startFairlead(['--join-networks', 'off'])
    await docker('network', 'create', 'apps')
    await stage.startWeb('web', 'apps')
    await until('it is left out with the command', async () => {
      const out = (await stage.status()).leftOut.find(({ name }) => name === 'web')
      return out?.hint.includes('docker network connect apps haproxy') === true
    })
    await docker('network', 'connect', 'apps', 'haproxy')
    await stage.untilAnswered('web')
    await docker('rm', '--force', 'web')
    await until(
      'nothing is served',
      async () =>
        (await stage.status()).services.length === 0 ||
        (await stage.status()).services.every(({ endpoints }) => endpoints.length === 0),
    )
    expect(await stage.networksOf()).toEqual(['0-edge', 'apps'])
  })

  it('is not joined where it is forbidden: the published port is used instead', async () => {
    await stage.startHaproxy()
    await stage.startFairlead(['--never-join', 'priv*'])
    await docker('network', 'create', 'private')
    await stage.startWeb('published', 'private', { options: ['--publish', '80'] })
    await stage.startWeb('hidden', 'private')
    await stage.untilAnswered('published')
    const hidden = () => leftOut('hidden')
    await expect.poll(hidden).toContain('never joined (--never-join)')
    expect(await hidden()).toContain('docker network connect private haproxy')
    expect(await stage.networksOf()).toEqual(['0-edge'])
  })

  it('is found again and left by the fairlead after one that was killed and lost its state', async () => {
    await stage.startHaproxy()
    await stage.startFairlead()
    await docker('network', 'create', 'apps')
    await docker('network', 'create', 'others')
    await docker('network', 'connect', 'others', 'haproxy')
    await stage.startWeb('web', 'apps')
    await stage.startWeb('other', 'others')
    await stage.untilAnswered('web')
    await stage.untilAnswered('other')
    await stage.killFairlead()
    await docker('volume', 'rm', 'state')
    await docker('rm', '--force', 'web', 'other')
    await stage.startFairlead()
    await stage.untilOn(['0-edge', 'others'])
  })

  it('is joined by the container that takes the place of HAProxy’s', async () => {
    await stage.startHaproxy()
    await docker('network', 'create', 'beside')
    await stage.startFairlead([], 'beside')
    await docker('network', 'create', 'apps')
    await stage.startWeb('web', 'apps')
    await stage.untilAnswered('web')
    // Fairlead has a network of its own here, and cannot probe but from the same one.
    await stage.untilOn(['apps', 'beside'], 'fairlead')
    await docker('rm', '--force', 'haproxy')
    await stage.startHaproxy('--network', '0-edge')
    await stage.untilOn(['apps', '0-edge'])
    await stage.untilAnswered('web')
    await docker('exec', 'fairlead', 'fairlead', 'down').catch(() => '')
    await stage.untilOn(['beside'], 'fairlead')
    // HAProxy is not fairlead's to end: it serves on, where it is.
    await stage.untilOn(['apps', '0-edge'])
    await stage.untilAnswered('web')
  })
})

describe.each(findComposes())('Compose $version', ({ program }) => {
  it('removes a network that was joined with `down`', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'join-compose-'))
    try {
      const service = {
        image: 'fairlead-demo',
        labels: { 'fairlead.host': 'web.example' },
        init: true,
      }
      const file = join(folder, 'compose.json')
      writeFileSync(file, JSON.stringify({ version: '3', services: { web: service } }))
      const env = { DOCKER_HOST: `unix://${stage.host.dockerSocket}` }
      const compose = (...args: string[]): Promise<string> =>
        must(program, ['-p', 'shop', '-f', file, ...args], { cwd: folder, env })
      await stage.startHaproxy()
      await stage.startFairlead()
      await compose('up', '-d', '--scale', 'web=2')
      await stage.untilOn(['0-edge', 'shop_default'])
      await compose('down', '-t', '5')
      await stage.untilOn(['0-edge'])
      expect(await docker('network', 'ls', '--format', '{{.Name}}')).not.toContain('shop_default')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
