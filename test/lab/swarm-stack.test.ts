import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consulImage } from './deploy/consul-image.ts'
import { Rollout } from './deploy/rollout.ts'
import { tracesOf, untilOnly, type Traces } from './deploy/traces.ts'
import { untilEven, webServers } from './deploy/web-servers.ts'
import type { Host } from './host.ts'
import { Lab } from './lab.ts'
import { until } from './until.ts'

/** Longer than the steps take when the machine has much else to do. */
const timeoutMs = 300_000

describe('deploy/swarm, given as its README says', () => {
  let lab: Lab
  let rollout: Rollout
  let master: Host
  let before: Traces

  beforeAll(async () => {
    lab = await Lab.start({ hosts: 3 })
    const words = new Map(
      lab.hosts.flatMap(({ number, name, address }) => [
        [`192.168.200.${number}`, address],
        [`node${number}`, name],
      ]),
    )
    rollout = await Rollout.prepare(lab, { folder: 'swarm', composeLine: '2', words })
    master = lab.host(1)
    await rollout.give('swarm', [master])
    const token = await master.docker('swarm', 'join-token', '--quiet', 'worker')
    await rollout.give('join', lab.hosts.slice(1), new Map([['TOKEN', token]]))
    before = await tracesOf(lab)
    await rollout.give('labels', [master])
  }, timeoutMs)

  afterAll(() => lab.close())

  /** One shell gives the commands of a block, since some say what the others find in its variables. */
  const deploy = (block: string): Promise<string> =>
    rollout.run(
      master,
      [`export CONSUL_IMAGE=${consulImage}`, ...rollout.commands(block)].join(' && '),
    )

  const evenAt = async (numbers: readonly number[], count: number): Promise<void> => {
    for (const number of numbers) await untilEven(lab, lab.host(number).address, count)
  }

  const takeDown = async (): Promise<void> => {
    await rollout.give('down', [master])
    await until('the containers have ended', async () => {
      const lists = await lab.each((host) => host.docker('ps', '--all', '--quiet'))
      return lists.every((list) => list === '')
    })
    await rollout.give('volumes', lab.hosts)
    await untilOnly(lab, before)
  }

  it(
    'has a Consul server on each of the three labelled nodes',
    async () => {
      await rollout.give('network', [master])
      await deploy('deploy')
      const url = 'http://127.0.0.1:8500/v1/status/peers'
      await until(
        'three servers know each other',
        async () => {
          const answers = await lab.each((host) => host.run('curl', ['--silent', url]))
          return answers.every((answer) => (JSON.parse(answer) as unknown[]).length === 3)
        },
        120_000,
      )
    },
    timeoutMs,
  )

  it(
    'follows the scale of a service on all nodes, at each load balancer',
    async () => {
      await rollout.give('service', [master])
      await evenAt([1, 2], 9)
      const spread = [...(await webServers(lab)).values()].map(({ length }) => length)
      expect(spread).toEqual([3, 3, 3])
      await master.docker('service', 'scale', '--detach', 'demo-hostname=4')
      await evenAt([1, 2], 4)
      await rollout.give('look', [master])
    },
    timeoutMs,
  )

  it('leaves nothing', takeDown, timeoutMs)

  it(
    'without Consul follows the scale as well, with nothing on the other nodes',
    async () => {
      await rollout.give('network', [master])
      await deploy('deploy-without-consul')
      await rollout.give('service', [master])
      await evenAt([1], 9)
      const others = await lab.hosts[2]?.docker('ps', '--quiet', '--filter', 'ancestor=fairlead')
      expect(others).toBe('')
      await master.docker('service', 'scale', '--detach', 'demo-hostname=4')
      await evenAt([1], 4)
    },
    timeoutMs,
  )

  it('and leaves nothing either', takeDown, timeoutMs)
})
