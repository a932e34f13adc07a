import type { Drill } from '../drill.ts'
import { isOn } from '../places.ts'

/** As without power, but everything on the node goes on and is there again at once. */
export const cableCut: Drill = {
  name: 'cable-cut',
  title: "a node's cable is cut for 12 s",
  stage: { shape: 'hosts' },
  async fault({ victim }) {
    await victim.cutCable()
    return isOn(victim)
  },
  lastsMs: 12_000,
  heal: ({ victim }) => victim.restoreCable(),
  limits: { failedGets: 0, failedPosts: 5, quietSeconds: 1, rightSeconds: 30 },
}

/** The other two nodes cannot reach it, nor it them; Consul has a minority there. */
export const partitioned: Drill = {
  name: 'partition',
  title: 'a node is cut off from the other two for 12 s',
  stage: { shape: 'hosts' },
  async fault({ lab, victim }) {
    await lab.partition([victim])
    return isOn(victim)
  },
  lastsMs: 12_000,
  heal: ({ lab }) => lab.heal(),
  limits: { failedGets: 0, failedPosts: 5, quietSeconds: 1, rightSeconds: 30 },
}
