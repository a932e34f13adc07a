import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { EdgeStage, KeptConnections } from './support/edge-stage.ts'
import { MixedLoad } from './support/mixed-load.ts'
import { until } from './until.ts'

let stage: EdgeStage

beforeAll(async () => {
  stage = await EdgeStage.open(2)
  await stage.lab.swarm({ managers: 1 })
}, 300_000)

afterEach(() => stage.reset())

afterAll(() => stage.close())

const docker = (...args: readonly string[]): Promise<string> => stage.host.docker(...args)

it('an overlay network is joined and left without a failed request on the published port', async () => {
  await stage.startHaproxy()
  await stage.startFairlead()
  await stage.startWeb('steady', '0-edge')
  await stage.untilAnswered('steady')
  const run = await stage.haproxyRun()
  const load = new MixedLoad({ ...stage.to('steady'), perSecond: 100 })
  const kept = new KeptConnections(stage.to('steady'), 4)
  await stage.startWeb('spread', 'apps')
  await stage.untilAnswered('spread')
  expect(await stage.networksOf()).toEqual(['0-edge', 'apps'])
  await docker('rm', '--force', 'spread')
  await stage.untilOn(['0-edge'])
  const more = kept.answered + 50
  await until('the load is still answered', () => kept.answered > more)
  await kept.stop()
  const { failures } = await load.stop()
  expect([...failures, ...kept.failures]).toEqual([])
  expect(await stage.haproxyRun()).toBe(run)
})

it('an overlay network that is not attachable leaves the published port, or the reason', async () => {
  await stage.startHaproxy()
  await stage.startFairlead()
  await docker('network', 'create', '--driver', 'overlay', 'closed')
  await docker(
    'service',
    'create',
    '--detach',
    '--name',
    'inside',
    '--network',
    'closed',
    '--container-label',
    'fairlead.host=inside.example',
    'fairlead-demo',
  )
  await docker(
    'service',
    'create',
    '--detach',
    '--name',
    'outside',
    '--network',
    'closed',
    '--constraint',
    'node.hostname==host1',
    '--env',
    'SERVICE_NAME=outside',
    '--publish',
    'mode=host,target=80',
    '--hostname',
    'outside',
    '--container-label',
    'fairlead.host=outside.example',
    'fairlead-demo',
  )
  try {
    await stage.untilAnswered('outside')
    const here = ['--constraint-add', 'node.hostname==host1']
    await docker('service', 'update', '--detach', ...here, 'inside')
    await until('the other one is left out', async () => {
      const out = (await stage.status()).leftOut.find(({ name }) => name.startsWith('inside'))
      return (
        out?.reason.includes('not attachable') === true &&
        out.hint.includes('docker network create -d overlay --attachable')
      )
    })
    expect(await stage.networksOf()).toEqual(['0-edge'])
  } finally {
    await docker('service', 'rm', 'inside', 'outside')
    await until('no task is left', async () => {
      const all = await Promise.all(
        stage.lab.hosts.map((host) => host.docker('ps', '--all', '--format', '{{.Names}}')),
      )
      return all.every((names) => !/(in|out)side/.test(names))
    })
  }
})

it('the admin API is not reached from a network that was joined', async () => {
  await stage.startHaproxy()
  await stage.startFairlead(['--admin', '*:7400', '--admin-token-file', '/var/lib/fairlead/token'])
  await docker('network', 'create', 'joined')
  await stage.startWeb('web', 'joined')
  await stage.startWeb('beside', '0-edge')
  await stage.untilAnswered('web')
  const on = async (network: string): Promise<string> => {
    const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`
    return docker('inspect', '--format', format, 'haproxy')
  }
  const code = async (from: string, address: string, port: number): Promise<string> => {
    const words = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', '5']
    const all = [...words, `http://${address}:${port}/healthz`]
    return (await stage.host.attemptInContainer(from, 'curl', all)).stdout
  }
  expect(await code('beside', await on('0-edge'), 7400)).toBe('200')
  expect(await code('web', await on('joined'), 7400)).toBe('000')
  // HAProxy itself answers there: that is what joining means.
  expect(await code('web', await on('joined'), 80)).not.toBe('000')
})
