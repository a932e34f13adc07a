import { until } from '../../test/lab/until.ts'
import type { Drill } from '../drill.ts'
import type { DrillStage } from '../stage.ts'

/** Kills a web server of host 3, and starts another: nobody but HAProxy's checks can know. */
async function replaceOneServer(stage: DrillStage): Promise<(address: string) => boolean> {
  const { victim } = stage
  const before = await stage.addressesOn(victim)
  const pid = await victim.pidOf(stage.webServersOn(victim)[0] ?? '')
  await victim.docker('update', '--restart', 'no', stage.webServersOn(victim)[0] ?? '')
  await victim.run('kill', ['-9', String(pid)])
  await until(
    'Docker has noticed',
    async () => (await stage.addressesOn(victim)).length < before.length,
  )
  const left = await stage.addressesOn(victim)
  await stage.runWebServer(victim)
  return (address) => before.includes(address) && !left.includes(address)
}

export const agentKilled: Drill = {
  name: 'agent-killed',
  title: "a node's agent is killed, then a server dies and one comes; the agent is back 8 s later",
  stage: { shape: 'hosts' },
  async fault(stage) {
    await stage.agents.get(stage.victim)?.process.stop('SIGKILL')
    return replaceOneServer(stage)
  },
  lastsMs: 8000,
  heal: (stage) => stage.startAgent(stage.victim),
  limits: { failedGets: 0, failedPosts: 5, quietSeconds: 1, rightSeconds: 30 },
}

export const fairleadReplaced: Drill = {
  ...agentKilled,
  name: 'fairlead-replaced',
  title:
    'fairlead is killed beside HAProxy, then a server dies and one comes; a new one starts 8 s later',
  async fault(stage) {
    await stage.balancer.fairlead.process.stop('SIGKILL')
    return replaceOneServer(stage)
  },
  heal: (stage) => stage.startFairlead(stage.balancer),
}
