import type { HealthCheck, HealthService } from '../catalogue.ts'
import type { HealthDependency } from '../dependency.ts'
import { compareBytes } from '../go/byte-text.ts'
import type { CheckAnswer, HealthAnswer } from './answers.ts'

type CheckState = Pick<CheckAnswer, 'CheckID' | 'Status'>

/** The health of a service instance, from the checks of its node and its own. */
export function aggregatedStatus(checks: readonly CheckState[]): string {
  const isMaintenance = ({ CheckID }: CheckState) =>
    CheckID === '_node_maintenance' || CheckID.startsWith('_service_maintenance:')
  if (checks.some(isMaintenance)) return 'maintenance'
  const worst = ['critical', 'warning'].find((status) =>
    checks.some(({ Status }) => Status === status),
  )
  return worst ?? 'passing'
}

export const stringsOf = (map: Readonly<Record<string, string>> | null | undefined) =>
  new Map(Object.entries(map ?? {}))

export const sortedTexts = (texts: readonly string[] | null | undefined): readonly string[] =>
  (texts ?? []).toSorted(compareBytes)

function checkRecord(check: CheckAnswer): HealthCheck {
  return {
    Node: check.Node,
    CheckID: check.CheckID,
    Name: check.Name ?? '',
    Status: check.Status,
    Notes: check.Notes ?? '',
    Output: check.Output ?? '',
    ServiceID: check.ServiceID ?? '',
    ServiceName: check.ServiceName ?? '',
    ServiceTags: check.ServiceTags ?? [],
    Type: check.Type ?? '',
  }
}

/** One entry of Consul's answer as templates see it. */
export function healthRecord({ Node, Service, Checks }: HealthAnswer): HealthService {
  const checks = (Checks ?? []).map(checkRecord)
  return {
    Node: Node.Node,
    NodeID: Node.ID ?? '',
    NodeAddress: Node.Address,
    NodeDatacenter: Node.Datacenter ?? '',
    NodeTaggedAddresses: stringsOf(Node.TaggedAddresses),
    NodeMeta: stringsOf(Node.Meta),
    ServiceMeta: stringsOf(Service.Meta),
    Address: Service.Address || Node.Address,
    ServiceTaggedAddresses: new Map(Object.entries(Service.TaggedAddresses ?? {})),
    ID: Service.ID,
    Name: Service.Service,
    Tags: sortedTexts(Service.Tags),
    Checks: checks,
    Status: aggregatedStatus(checks),
    Port: Service.Port ?? 0,
    Weights: Service.Weights ?? { Passing: 1, Warning: 1 },
  }
}

/** The records that a query's filters let pass, in the order in which templates get them. */
export function selectHealth(
  records: readonly HealthService[],
  { filters, near }: Pick<HealthDependency, 'filters' | 'near'>,
): readonly HealthService[] {
  const words: readonly string[] = filters
  const accepted = filters.includes('any')
    ? records
    : records.filter(({ Status }) => words.includes(Status))
  // With a node to be near to, the order is Consul's.
  if (near !== '') return accepted
  return accepted.toSorted((a, b) => compareBytes(a.Node, b.Node) || compareBytes(a.ID, b.ID))
}
