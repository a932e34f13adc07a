import type { ContainerMapping } from '../discovery/docker/container-inspector.ts'
import type { Inspect } from '../discovery/docker/docker-types.ts'
import type { Candidate } from '../model/candidate.ts'
import { messageOf } from '../model/errors.ts'
import type { Clock } from '../support/clock.ts'
import { HostAddress } from './host-address.ts'
import { ignoredStep, mapContainer } from './map-container.ts'
import type { MappingOptions } from './mapping-options.ts'
import type { TagTemplate } from './tags.ts'

/** The mapping with all that it has to ask for first: the tags of the template, the host's address. */
export function createMapping(options: {
  readonly options: MappingOptions
  readonly template: TagTemplate
  /** A container whose tags cannot be rendered is left out; else that is fatal. */
  readonly isBadTemplateSkipped: boolean
  readonly clock: Clock
  readonly onFatal: (error: unknown) => void
}): ContainerMapping {
  const { template, isBadTemplateSkipped, clock, onFatal } = options
  const { hostname, prefersIpv6, ip, isInternal, hasOverrides } = options.options
  const hostAddress = new HostAddress(hostname, prefersIpv6, clock)
  const needsHostAddress = ip === '' && (!isInternal || hasOverrides)
  return async (inspect, { node, networkOwner }) => {
    const facts = {
      inspect,
      node,
      networkOwner,
      hostAddress: needsHostAddress ? await hostAddress.get() : '',
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
