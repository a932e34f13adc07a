import type { Drill } from '../drill.ts'
import type { DrillStage } from '../stage.ts'

async function fault({ victim }: DrillStage): Promise<undefined> {
  await victim.killDocker()
  return undefined
}
const heal = ({ victim }: DrillStage): Promise<void> => victim.startDocker()

/** Containers serve on meanwhile. At its start the daemon ends and starts each anew. */
export const dockerKilled: Drill = {
  name: 'docker-killed',
  title: 'Docker is killed on a node, and started again 10 s later',
  stage: { shape: 'hosts' },
  fault,
  lastsMs: 10_000,
  heal,
  limits: { failedGets: 0, failedPosts: 5, rightSeconds: 30 },
}

/** With live-restore the containers outlive the daemon's start, too. */
export const dockerKilledLiveRestore: Drill = {
  ...dockerKilled,
  name: 'docker-killed-live-restore',
  title: 'the same with live-restore',
  stage: { shape: 'hosts', dockerFlags: ['--live-restore'] },
  limits: { failedGets: 0, failedPosts: 5, rightSeconds: 30 },
}
