import type { HealthCheck, HealthEntry, NodeService } from '../../consul/types.ts'

/** What a test says of an instance; everything has a default. */
export type SampleEntry = Partial<NodeService> & {
  readonly node?: string
  readonly nodeAddress?: string
  readonly checks?: readonly Partial<HealthCheck>[]
}

/** An entry of `GET /v1/health/service/:service` as Consul gives it. */
export function sampleEntry(values: SampleEntry = {}): HealthEntry {
  const { node = 'pi2', nodeAddress = '10.0.0.2', checks = [], ...service } = values
  const id = service.ID ?? 'web1'
  return {
    Node: { Node: node, Address: nodeAddress, Datacenter: 'dc1' },
    Service: {
      ID: id,
      Service: 'web',
      Address: '10.0.1.1',
      Port: 8080,
      Tags: [],
      Meta: null,
      Weights: { Passing: 1, Warning: 1 },
      ModifyIndex: 10,
      ...service,
    },
    Checks: [
      { Node: node, CheckID: 'serfHealth', Status: 'passing', ServiceID: '' },
      ...checks.map((check) => ({
        Node: node,
        CheckID: `service:${id}`,
        Status: 'passing',
        ServiceID: id,
        ...check,
      })),
    ],
  }
}

export const containerId = (digit: string): string => digit.repeat(64)

/** The meta that fairlead gives what it registers. */
export function ownerMetaOf(
  owner: string,
  container: string,
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return {
    'fairlead-owner': owner,
    'fairlead-container': container,
    'fairlead-name': 'web-1',
    'fairlead-image': 'shop:2',
    'fairlead-exposed-port': '80',
    'fairlead-started': '5000',
    ...more,
  }
}
