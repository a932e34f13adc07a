import { consulOptions } from '../../../src/consul/address.ts'
import { ConsulClient } from '../../../src/consul/client.ts'
import { systemClock } from '../../../src/support/clock.ts'
import type { AnswerOf } from '../../../src/template/catalogue.ts'
import type { DependencyFailure } from '../../../src/template/contract.ts'
import type { Dependency } from '../../../src/template/dependency.ts'
import {
  ConsulSource,
  type ConsulSourceOptions,
} from '../../../src/template/watch/consul-source.ts'
import { waitUntil } from '../wait-until.ts'

/** A source that follows a real Consul, and what it told. */
export type FollowedAnswers = {
  readonly source: ConsulSource
  readonly client: ConsulClient
  /** Names of the dependencies that changed, in order, one item an event. */
  readonly changes: (readonly string[])[]
  readonly failures: DependencyFailure[]
  /** Waits for an answer that is as it should be. */
  answer<D extends Dependency>(
    dependency: D,
    isRight?: (answer: AnswerOf[D['kind']]) => boolean,
  ): Promise<AnswerOf[D['kind']]>
  close(): void
}

export function followAnswers(
  address: string,
  options: Partial<ConsulSourceOptions> & { readonly mostConnections?: number } = {},
): FollowedAnswers {
  const client = new ConsulClient(consulOptions(`consul://${address}`, {}), {
    mostConnections: options.mostConnections ?? 48,
  })
  const source = new ConsulSource({ consul: client, clock: systemClock, ...options })
  const changes: (readonly string[])[] = []
  const failures: DependencyFailure[] = []
  source.onEvent((event) => {
    if (event.kind === 'failed') failures.push(event.failure)
    else changes.push(event.dependencies.map(({ name }) => name))
  })
  return {
    source,
    client,
    changes,
    failures,
    async answer<D extends Dependency>(
      dependency: D,
      isRight: (answer: AnswerOf[D['kind']]) => boolean = () => true,
    ) {
      let found: AnswerOf[D['kind']] | undefined
      await waitUntil(
        `${dependency.name} is as it should be`,
        () => {
          found = source.recall(dependency)
          return found !== undefined && isRight(found)
        },
        60_000,
      )
      return found as AnswerOf[D['kind']]
    },
    close() {
      source.close()
      client.close()
    },
  }
}
