import type { Drill } from '../drill.ts'

/** Swarm, Docker and Consul see nothing of it: they talk to each other beside the overlay. */
export const overlayCut: Drill = {
  name: 'overlay-cut',
  title: "a node's overlay network carries nothing for 10 s, all else does",
  stage: { shape: 'overlay' },
  async fault(stage) {
    const dead = new Set(await stage.addressesOn(stage.victim))
    await stage.lab.cutOverlay([stage.victim])
    return (address) => dead.has(address)
  },
  lastsMs: 10_000,
  heal: ({ lab }) => lab.heal(),
  limits: { failedGets: 0, failedPosts: 5, quietSeconds: 1, rightSeconds: 30 },
}
