import { openConsul } from '../stage/consul.ts'
import type { Stage } from '../stage/stage.ts'
import { openFairlead } from './fairlead.ts'
import type { Front } from './front.ts'
import { startRegistrator } from './registrator.ts'

/** `fairlead up` that registers the containers in a Consul of its own and routes what it reads there. */
export async function openFairleadConsul(stage: Stage): Promise<Front> {
  const consul = await openConsul(stage)
  const registry = ['--registry', `consul://${consul.address}`, '--register', 'container']
  const flags = [...registry, '--route', 'labelled']
  const fairlead = await openFairlead(stage, { name: 'fairlead, Consul', flags })
  return { ...fairlead, consulUrl: consul.url, close: inTurn(fairlead, consul) }
}

/**
 * Registrator's place taken by `fairlead registrator`, with the flags that Registrator has, and that
 * of consul-template and its script by a `fairlead up` that asks no Docker: each knows of the other
 * only what is in Consul.
 */
export function openDropIn(services: readonly string[]): (stage: Stage) => Promise<Front> {
  return async (stage) => {
    const consul = await openConsul(stage)
    const registrator = await startRegistrator(stage, consul.address)
    const registry = ['--docker', 'none', '--registry', `consul://${consul.address}`]
    const flags = [...registry, ...services.flatMap((name) => ['--service', name])]
    const fairlead = await openFairlead(stage, { name: 'fairlead registrator + up', flags })
    return {
      ...fairlead,
      consulUrl: consul.url,
      controllers: () => [registrator.pid, ...fairlead.controllers()],
      close: inTurn(fairlead, { close: () => registrator.end() }, consul),
    }
  }
}

type Closable = { close(): Promise<void> }

// What reads goes before what it reads from, or its log would be full of retries.
function inTurn(...parts: readonly Closable[]): () => Promise<void> {
  return async () => {
    for (const part of parts) await part.close()
  }
}
