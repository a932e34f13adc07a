import type { Drill } from '../drill.ts'
import { isOn } from '../places.ts'

/** Nothing answers any more, not even with a refusal; the containers come back with the host. */
export const powerOff: Drill = {
  name: 'power-off',
  title: 'a node is powered off, and on again 12 s later',
  stage: { shape: 'hosts' },
  async fault({ victim }) {
    await victim.powerOff()
    return isOn(victim)
  },
  lastsMs: 12_000,
  async heal(stage) {
    await stage.victim.powerOn()
    await stage.startAgent(stage.victim)
  },
  limits: { failedGets: 0, failedPosts: 5, quietSeconds: 1, rightSeconds: 30 },
}
