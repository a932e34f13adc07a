import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Order, Sample, Stream, Target } from './plan.ts'

const generator = fileURLToPath(new URL('./generator.ts', import.meta.url))

/** A load that runs until it is stopped. */
export type Load = {
  /** Sends nothing more, waits for the answers that are due and gives every request, oldest first. */
  stop(): Promise<readonly Sample[]>
  /** Ends it without an account; after `stop` it does nothing. */
  abort(): void
}

/** Starts the streams in a process of their own: nothing that the drill does delays a request. */
export function startLoad(target: Target, streams: readonly Stream[]): Load {
  const child = fork(generator, { execArgv: ['--import', import.meta.resolve('tsx')] })
  const result = new Promise<readonly Sample[]>((resolve, reject) => {
    child.once('message', (message) => resolve(message as readonly Sample[]))
    child.once('error', reject)
    // It comes after all messages, however the process ended.
    child.once('disconnect', () =>
      reject(new Error('The load generator ended without an account.')),
    )
  })
  // A failure is seen by whoever stops the load, not before.
  result.catch(() => undefined)
  const send = (order: Order): void => void child.send(order)
  send({ order: 'start', target, streams })
  return {
    stop() {
      send({ order: 'stop' })
      return result
    },
    abort() {
      if (child.connected) child.disconnect()
    },
  }
}
