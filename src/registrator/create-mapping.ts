import type { ContainerMapping } from '../discovery/docker/container-inspector.ts'
import type { Inspect } from '../discovery/docker/docker-types.ts'
import type { Candidate } from '../model/candidate.ts'
import { messageOf } from '../model/errors.ts'
import type { HostAddress } from './host-address.ts'
import { ignoredStep, mapContainer } from './map-container.ts'
import type { MappingOptions } from './mapping-options.ts'
import type { TagTemplate } from './tags.ts'

/** The mapping with all that it has to ask for first: the tags of the template, the host's address. */
export function createMapping(options: {
  readonly options: MappingOptions
  readonly template: TagTemplate
  readonly hostAddress: Pick<HostAddress, 'get'>
  /** A container whose tags cannot be rendered is left out; else that is fatal. */
  readonly isBadTemplateSkipped: boolean
  readonly onFatal: (error: unknown) => void
}): ContainerMapping {
  const { template, hostAddress, isBadTemplateSkipped, onFatal } = options
  const isNeeded = needsHostAddress(options.options)
  return async (inspect, { node, networkOwner }) => {
    const facts = {
      inspect,
      node,
      networkOwner,
      hostAddress: isNeeded ? await hostAddress.get() : '',
    }
    try {
      const forcedTags = await template(inspect)
      return mapContainer({ ...facts, forcedTags }, options.options)
    } catch (error) {
      const candidate = mapContainer({ ...facts, forcedTags: '' }, options.options)
      // Only containers that offer something have tags.
      if (candidate.endpoints.length === 0) return candidate
      if (!isBadTemplateSkipped) onFatal(error)
      return withoutServices(candidate, inspect, error)
    }
  }
}

/** Whether published ports are registered at the address of this host's name. */
export function needsHostAddress({ ip, isInternal, hasOverrides }: MappingOptions): boolean {
  return ip === '' && (!isInternal || hasOverrides)
}

function withoutServices(candidate: Candidate, inspect: Inspect, error: unknown): Candidate {
  const what = `its tags cannot be made: ${messageOf(error)}`
  const where = `container ${candidate.name || (inspect.Id ?? '')}`
  return {
    ...candidate,
    endpoints: [],
    problems: [{ where, what, hint: 'correct -tags' }],
    decisions: [{ step: ignoredStep, outcome: 'stop', what }],
  }
}
