import type { Drill } from '../drill.ts'
import { isOn } from '../places.ts'

/**
 * Two load balancers, and clients that know both addresses: where one does not answer for two
 * seconds a GET is sent to the other. The node's own servers are lost with it.
 */
export const balancerLost: Drill = {
  name: 'balancer-lost',
  title: 'the node of a load balancer is powered off; clients know a second one',
  stage: { shape: 'hosts', balancers: 2 },
  patienceMs: 2000,
  async fault({ balancer }) {
    await balancer.host.powerOff()
    return isOn(balancer.host)
  },
  lastsMs: 12_000,
  async heal(stage) {
    await stage.balancer.host.powerOn()
    await stage.startAgent(stage.balancer.host)
    await stage.startFairlead(stage.balancer)
  },
  // The second one has no traffic to learn from until the clients come, two seconds after the fault;
  // 20 POSTs a second go to the lost one until then.
  limits: { failedGets: 0, failedPosts: 50, quietSeconds: 4, rightSeconds: 40 },
}
