import type { Card } from '../card.ts'

/** A load balancer's card; say what matters to the test. */
export function sampleCard(values: Partial<Card> = {}): Card {
  return {
    instance: 'default',
    node: 'pi1',
    run: 'run-1',
    version: '0.1.0',
    haproxyVersion: '2.6.12',
    hash: { whole: 'h0', parts: { settings: 's', files: 'f', servers: 'v' } },
    generation: 1,
    isApplied: true,
    pinnedTo: undefined,
    leftOut: 0,
    catalogueIndex: 100,
    sinceMs: 1000,
    http: ['0.0.0.0:80'],
    ...values,
  }
}
