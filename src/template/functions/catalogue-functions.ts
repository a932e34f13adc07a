import type { HealthService } from '../catalogue.ts'
import type { Dependency } from '../dependency.ts'
import { callFailure } from '../go/failure.ts'
import { variadicFunction } from '../go/functions.ts'
import { boolType, stringSliceType, stringType } from '../go/types.ts'
import { list } from '../go/values.ts'
import type { GoFunction } from '../go/values.ts'
import {
  catalogNodes,
  catalogSnippets,
  healthServices,
  nodeWithServices,
} from './consul-structures.ts'
import type { FunctionInputs, FunctionMaker } from './function-set.ts'
import {
  datacentersDependency,
  parseHealthQuery,
  parseNodeQuery,
  parseNodesQuery,
  parseServicesQuery,
} from './queries.ts'
import { once } from './structures.ts'

const noServices = healthServices.toGo([])
const noSnippets = catalogSnippets.toGo([])
const noNodes = catalogNodes.toGo([])
const noNames = list(stringSliceType, [])

const namesToGo = once((names: readonly string[]) => list(stringSliceType, names))

/** `service` and `connect`: instances with their health. No name at all: none, without asking. */
function healthFunction(
  kind: 'health.service' | 'health.connect',
  { recall }: FunctionInputs,
): GoFunction {
  return variadicFunction([], stringType, (...words) => {
    if (words.length === 0 || words[0] === '') return noServices
    const query: Dependency & { kind: typeof kind } = parseHealthQuery(kind, words.join('|'))
    const answer: readonly HealthService[] | undefined = recall(query)
    return answer === undefined ? noServices : healthServices.toGo(answer)
  })
}

/** What the catalogue says of services, nodes and datacenters. */
export const catalogueFunctions: FunctionMaker = (inputs) => {
  const { recall } = inputs
  return {
    service: healthFunction('health.service', inputs),
    connect: healthFunction('health.connect', inputs),
    services: variadicFunction([], stringType, (...words) => {
      const answer = recall(parseServicesQuery(words.join('')))
      return answer === undefined ? noSnippets : catalogSnippets.toGo(answer)
    }),
    nodes: variadicFunction([], stringType, (...words) => {
      const answer = recall(parseNodesQuery(words.join('')))
      return answer === undefined ? noNodes : catalogNodes.toGo(answer)
    }),
    node: variadicFunction([], stringType, (...words) => {
      const answer = recall(parseNodeQuery(words.join('')))
      return answer === undefined ? null : nodeWithServices.toPointer(answer)
    }),
    datacenters: variadicFunction([], boolType, (...flags) => {
      if (flags.length > 1) {
        throw callFailure(
          `datacenters: wrong number of arguments, expected 0 or 1, but got ${flags.length}`,
        )
      }
      const answer = recall(datacentersDependency(flags[0] ?? false))
      return answer === undefined ? noNames : namesToGo(answer)
    }),
  }
}
