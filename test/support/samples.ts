import type { Candidate } from '../../src/model/candidate.ts'
import type { Endpoint } from '../../src/model/endpoint.ts'

/** An endpoint with everything filled in; say what matters to the test. */
export function sampleEndpoint(values: Partial<Endpoint> = {}): Endpoint {
  const id = values.id ?? 'pi1:web-1:80'
  return {
    id,
    service: 'web',
    node: 'pi1',
    address: '10.0.0.1',
    port: 80,
    exposedPort: 80,
    protocol: 'tcp',
    tags: [],
    meta: {},
    labels: {},
    health: 'passing',
    healthReason: '',
    isHealthReported: false,
    draining: undefined,
    identity: `identity of ${id}`,
    startedAtMs: 1_000,
    ...values,
  }
}

/** A container with these endpoints, named after the first one. */
export function sampleCandidate(
  endpoints: readonly Endpoint[] = [sampleEndpoint()],
  values: Partial<Candidate> = {},
): Candidate {
  const name = endpoints[0]?.id.split(':')[1] ?? 'web-1'
  return {
    key: `key of ${name}`,
    kind: 'container',
    name,
    node: 'pi1',
    image: 'demo',
    endpoints,
    problems: [],
    decisions: [{ step: 'seen', outcome: 'ok', what: `container ${name}` }],
    ...values,
  }
}
