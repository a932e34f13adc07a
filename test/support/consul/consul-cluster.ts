import { setTimeout as sleep } from 'node:timers/promises'
import { agentPorts, type ConsulOptions, type Membership } from './agent-settings.ts'
import { ConsulAgent } from './consul-agent.ts'

const electionTimeoutMs = 60_000

/** Servers that form one datacenter; each can be killed, frozen and started again by itself. */
export type ConsulCluster = {
  readonly servers: readonly ConsulAgent[]
  /** Waits until all servers that run and answer name the same leader, and it is one of them. */
  leader(): Promise<ConsulAgent>
  /** A client agent that has joined the servers; closed with the cluster. */
  startClient(options?: ConsulOptions): Promise<ConsulAgent>
  close(): Promise<void>
}

/** Not for `acl`: each agent would bootstrap by itself. */
export type ClusterOptions = Omit<ConsulOptions, 'acl' | 'nodeName'>

/** As many servers, named `server1` and so on, on ports of their own; all are ready. */
export async function startConsulCluster(
  size = 3,
  options: ClusterOptions = {},
): Promise<ConsulCluster> {
  const ports = await Promise.all(Array.from({ length: size }, agentPorts))
  const gossip = ports.map(({ serf }) => serf)
  const agents: ConsulAgent[] = []
  const close = async (): Promise<void> => {
    await Promise.all(agents.map((agent) => agent.close()))
  }
  const create = async (given: ConsulOptions, membership: Membership): Promise<ConsulAgent> => {
    const agent = await ConsulAgent.create(given, membership)
    agents.push(agent)
    agent.launch()
    return agent
  }
  try {
    for (const [index, own] of ports.entries()) {
      const join = gossip.filter((port) => port !== own.serf)
      const nodeName = `server${index + 1}`
      await create({ ...options, nodeName }, { server: true, expected: size, join, ports: own })
    }
    const servers = [...agents]
    await Promise.all(servers.map((server) => server.ready()))
    return {
      servers,
      leader: () => waitForLeader(servers),
      startClient: async (given = {}) => {
        const membership = { server: false, expected: 0, join: gossip, ports: await agentPorts() }
        const client = await create({ nodeName: 'client1', ...options, ...given }, membership)
        await client.ready()
        return client
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function waitForLeader(servers: readonly ConsulAgent[]): Promise<ConsulAgent> {
  const endMs = Date.now() + electionTimeoutMs
  while (Date.now() < endMs) {
    const named = await Promise.all(servers.filter(({ isRunning }) => isRunning).map(leaderNamedBy))
    const answers = named.filter((address) => address !== undefined)
    const [first] = answers
    const leader = servers.find(({ membership: { ports } }) => first === `127.0.0.1:${ports.rpc}`)
    const isAgreed = answers.length * 2 > servers.length && answers.every((each) => each === first)
    if (leader?.isRunning === true && isAgreed) return leader
    await sleep(25)
  }
  throw new Error(`no leader in ${electionTimeoutMs} ms`)
}

/** Empty: it knows none. Undefined: it does not answer. */
async function leaderNamedBy(server: ConsulAgent): Promise<string | undefined> {
  try {
    const ask = { timeoutMs: 1000 }
    return (await server.api<string>('GET', '/v1/status/leader', undefined, ask)).body
  } catch {
    // Frozen, or killed meanwhile.
    return undefined
  }
}
