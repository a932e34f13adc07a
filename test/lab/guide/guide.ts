import type { Host } from '../host.ts'
import type { Lab } from '../lab.ts'
import { consulImage } from '../deploy/consul-image.ts'
import { Rollout, type Listener } from '../deploy/rollout.ts'

/** The guide on a lab: the first host is its master. */
export type Guide = {
  readonly rollout: Rollout
  readonly lab: Lab
  readonly master: Host
  readonly nodes: readonly Host[]
}

/** The hosts with all that the guide wants of them, in one swarm. */
export async function prepareGuide(
  lab: Lab,
  composeLine: '1.29' | '2',
  listener?: Listener,
): Promise<Guide> {
  const [master, ...nodes] = lab.hosts as readonly [Host, ...Host[]]
  const words = new Map([['192.168.200.1', master.address]])
  const rollout = await Rollout.prepare(lab, {
    folder: 'guide',
    composeLine,
    words,
    ...(listener === undefined ? {} : { listener }),
  })
  await rollout.give('settings', lab.hosts)
  for (const host of lab.hosts) await rollout.run(host, `echo CONSUL_IMAGE=${consulImage} >> .env`)
  await rollout.give('swarm', [master])
  const token = await master.docker('swarm', 'join-token', '--quiet', 'worker')
  await rollout.give('join', nodes, new Map([['TOKEN', token]]))
  return { rollout, lab, master, nodes }
}
