import type { Drill } from '../drill.ts'
import { isOn } from '../places.ts'

/**
 * Every process of the node hangs while its kernel accepts connections and requests: only a check
 * that wants an answer, and Consul, can tell. What was sent there is answered when the node goes on.
 */
export const frozen: Drill = {
  name: 'frozen',
  title: 'a node hangs for 10 s: it accepts connections and does not answer',
  stage: { shape: 'hosts' },
  async fault({ victim }) {
    await victim.freeze()
    return isOn(victim)
  },
  lastsMs: 10_000,
  async heal({ victim }) {
    await victim.thaw()
  },
  limits: { failedGets: 0, failedPosts: 0, quietSeconds: 15, rightSeconds: 30 },
}
