import type { ClusterMemberReport, ClusterReport } from '../../../src/api/contract.ts'
import type { ConsulAgent } from '../../support/consul/consul-agent.ts'
import { serve, type TestServer } from '../../support/plain-servers.ts'
import type { Stage } from './stage.ts'

export type ConsulCluster = Extract<ClusterReport, { kind: 'consul' }>

/** Flags of a load balancer that only balances one service of Consul. */
export function balancing(
  name: string,
  service: string,
  consul: { readonly address: string },
): readonly string[] {
  const registry = ['--registry', `consul://${consul.address}`, '--service', service]
  return ['--name', name, '--docker', 'none', ...registry]
}

/** A web server of this process, and its registration as an instance of a service. */
export async function startInstance(
  consul: ConsulAgent,
  service: string,
  id: string,
): Promise<TestServer> {
  const answer = JSON.stringify({ service, hostname: id })
  const server = await serve((_request, response) => void response.end(answer))
  await register(consul, service, id, server.port)
  return server
}

export async function register(
  consul: ConsulAgent,
  service: string,
  id: string,
  port: number,
): Promise<void> {
  const body = { ID: id, Name: service, Address: '127.0.0.1', Port: port }
  await consul.api('PUT', '/v1/agent/service/register', body)
}

export async function deregister(consul: ConsulAgent, id: string): Promise<void> {
  await consul.api('PUT', `/v1/agent/service/deregister/${id}`)
}

/** What a load balancer says of all. */
export async function clusterOf(stage: Stage): Promise<ConsulCluster> {
  const { body } = await stage.api('GET', '/api/cluster')
  const report = JSON.parse(body) as ClusterReport
  if (report.kind !== 'consul') throw new Error('the registry is embedded')
  return report
}

/** Waits until a load balancer finds that so many serve the same. */
export async function untilSame(stage: Stage, count: number): Promise<ConsulCluster> {
  let report: ConsulCluster | undefined
  await stage.until(
    async () => {
      report = await clusterOf(stage)
      return report.isSame && report.members.length === count
    },
    `${count} serve the same`,
    40_000,
  )
  if (report === undefined) throw new Error('it was never asked')
  return report
}

export function memberOf({ members }: ConsulCluster, instance: string): ClusterMemberReport {
  const found = members.find((each) => each.instance === instance)
  if (found === undefined) throw new Error(`${instance} is not registered`)
  return found
}

/** Waits until a load balancer says this of another one, or of itself. */
export async function untilMember(
  stage: Stage,
  instance: string,
  isSo: (member: ClusterMemberReport) => boolean,
): Promise<ClusterMemberReport> {
  let found: ClusterMemberReport | undefined
  await stage.until(
    async () => {
      found = (await clusterOf(stage)).members.find((each) => each.instance === instance)
      return found !== undefined && isSo(found)
    },
    `${instance} is as it should be`,
    60_000,
  )
  if (found === undefined) throw new Error('it was never asked')
  return found
}
