import type { Drill } from '../drill.ts'
import type { DrillStage } from '../stage.ts'
import type { Host } from '../../test/lab/host.ts'

let killed: Host | undefined

/** A server more is started while there is no leader: it gets requests once there is one. */
export const consulLeader: Drill = {
  name: 'consul-leader',
  title: "Consul's leader is killed, and started again 10 s later; a server comes meanwhile",
  stage: { shape: 'hosts' },
  async fault(stage) {
    killed = await leaderOf(stage)
    await killed.killConsul()
    await stage.runWebServer(stage.lab.hosts.find((each) => each !== killed) ?? stage.victim)
    return undefined
  },
  lastsMs: 10_000,
  async heal() {
    await killed?.startConsul()
  },
  limits: { failedGets: 0, failedPosts: 0, rightSeconds: 30 },
}

async function leaderOf({ lab, victim }: DrillStage): Promise<Host> {
  const address = await victim.consul.leader()
  const leader = lab.hosts.find((each) => address.startsWith(`${each.address}:`))
  if (leader === undefined) throw new Error(`Consul has no leader of the lab: ${address}`)
  return leader
}
