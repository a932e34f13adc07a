import type { Drill } from '../drill.ts'
import { agentKilled, fairleadReplaced } from './agent-killed.ts'
import { balancerLost } from './balancer-lost.ts'
import { cableCut, partitioned } from './cable-cut.ts'
import { consulLeader } from './consul-leader.ts'
import { dockerKilled, dockerKilledLiveRestore } from './docker-killed.ts'
import { frozen } from './frozen.ts'
import { overlayCut } from './overlay-cut.ts'
import { powerOff } from './power-off.ts'
import { swarmUpdates } from './swarm-update.ts'

/** In the order of the table. */
export const drills: readonly Drill[] = [
  dockerKilled,
  dockerKilledLiveRestore,
  powerOff,
  cableCut,
  frozen,
  overlayCut,
  consulLeader,
  partitioned,
  balancerLost,
  agentKilled,
  fairleadReplaced,
  ...swarmUpdates,
]
