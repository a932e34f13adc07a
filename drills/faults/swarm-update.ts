import type { Drill } from '../drill.ts'
import { service } from '../stage.ts'

const words = ['--update-parallelism', '1', '--update-delay', '0s', '--update-monitor', '1s']
const back = ['--rollback-parallelism', '1', '--rollback-monitor', '1s']

/** Each task is replaced; then each again, by those from before. */
const swarmUpdate = (order: 'start-first' | 'stop-first'): Drill => ({
  name: `swarm-update-${order}`,
  title: `a swarm service of six is updated, ${order}, and rolled back`,
  stage: { shape: 'overlay', webServers: 0 },
  async prepare(stage) {
    const orders = ['--update-order', order, '--rollback-order', order]
    await stage.createService(6, ...words, ...back, ...orders)
  },
  async fault({ lab }) {
    const update = ['--env-add', 'VERSION=2', '--detach=false', '--quiet', service]
    await lab.host(1).docker('service', 'update', ...update)
    return undefined
  },
  lastsMs: 0,
  async heal({ lab }) {
    await lab.host(1).docker('service', 'rollback', '--detach=false', '--quiet', service)
  },
  limits: { failedGets: 0, failedPosts: 0, rightSeconds: 60 },
})

export const swarmUpdates: readonly Drill[] = [
  swarmUpdate('start-first'),
  swarmUpdate('stop-first'),
]
