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

describe.each(['2', '1.29'] as const)(
  'deploy/hosts, given as its README says, with Compose %s',
  (composeLine) => {
    let lab: Lab
    let rollout: Rollout
    let balancer: Host
    let others: readonly Host[]
    let before: Traces

    beforeAll(async () => {
      lab = await Lab.start({ hosts: 3 })
      const words = new Map([['192.168.200.1', lab.host(1).address]])
      rollout = await Rollout.prepare(lab, { folder: 'hosts', composeLine, words })
      balancer = lab.host(1)
      others = lab.hosts.slice(1)
      before = await tracesOf(lab)
      for (const host of lab.hosts) {
        await rollout.give('settings', [host], new Map([['192.168.200.x', host.address]]))
        await rollout.run(host, `echo CONSUL_IMAGE=${consulImage} >> .env`)
      }
    }, timeoutMs)

    afterAll(() => lab.close())

    it(
      'spreads requests over the containers of all hosts',
      async () => {
        await rollout.give('load-balancer', [balancer])
        await rollout.give('agents', others)
        await rollout.give('applications', lab.hosts)
        await untilEven(lab, balancer.address, 6)
        const spread = [...(await webServers(lab)).values()].map(({ length }) => length)
        expect(spread).toEqual([2, 2, 2])
        await rollout.give('look', [balancer])
      },
      timeoutMs,
    )

    it(
      'says why a container without a published port gets no requests',
      async () => {
        await balancer.docker('run', '--detach', '--name', 'web-3', 'fairlead-demo')
        const status =
          'docker compose -p infrastructure -f load-balancer.yml exec -T fairlead fairlead status'
        await until('it is left out, with a hint', async () => {
          const text = await rollout.run(balancer, status)
          return /web-3 .* port 80 not published on host\s+hint: publish its port/.test(text)
        })
        await balancer.docker('rm', '--force', 'web-3')
        await untilEven(lab, balancer.address, 6)
      },
      timeoutMs,
    )

    it(
      'leaves nothing',
      async () => {
        await rollout.give('applications-down', lab.hosts)
        await rollout.give('agents-down', others)
        await rollout.give('load-balancer-down', [balancer])
        await untilOnly(lab, before)
      },
      timeoutMs,
    )
  },
)
