import type {
  CatalogNode,
  CatalogNodeService,
  CatalogSnippet,
  NodeWithServices,
} from '../catalogue.ts'
import { compareBytes } from '../go/byte-text.ts'
import type { NodeAnswer, NodeServicesAnswer, ServiceAnswer } from './answers.ts'
import { sortedTexts, stringsOf } from './health-records.ts'

/** `GET /v1/catalog/services`: the tags of each name. */
export function snippetRecords(
  answer: Readonly<Record<string, readonly string[] | null>>,
): readonly CatalogSnippet[] {
  return Object.entries(answer)
    .map(([Name, tags]) => ({ Name, Tags: sortedTexts(tags) }))
    .toSorted((a, b) => compareBytes(a.Name, b.Name))
}

export function nodeRecord(node: NodeAnswer): CatalogNode {
  return {
    ID: node.ID ?? '',
    Node: node.Node,
    Address: node.Address,
    Datacenter: node.Datacenter ?? '',
    TaggedAddresses: stringsOf(node.TaggedAddresses),
    Meta: stringsOf(node.Meta),
  }
}

/** `GET /v1/catalog/nodes`; with `near`, which node they should be near to, in Consul's order. */
export function nodeRecords(answer: readonly NodeAnswer[], near: string): readonly CatalogNode[] {
  const records = answer.map(nodeRecord)
  if (near !== '') return records
  return records.toSorted(
    (a, b) => compareBytes(a.Node, b.Node) || compareBytes(a.Address, b.Address),
  )
}

function nodeServiceRecord(service: ServiceAnswer): CatalogNodeService {
  return {
    ID: service.ID,
    Service: service.Service,
    Tags: sortedTexts(service.Tags),
    Meta: stringsOf(service.Meta),
    Port: service.Port ?? 0,
    Address: service.Address ?? '',
    EnableTagOverride: service.EnableTagOverride ?? false,
  }
}

/** `GET /v1/catalog/node/NAME`. */
export function nodeServicesRecord(answer: NodeServicesAnswer): NodeWithServices {
  if (answer === null) return { Node: undefined, Services: [] }
  const services = Object.values(answer.Services ?? {}).map(nodeServiceRecord)
  return {
    Node: nodeRecord(answer.Node),
    Services: services.toSorted(
      (a, b) => compareBytes(a.Service, b.Service) || compareBytes(a.ID, b.ID),
    ),
  }
}
