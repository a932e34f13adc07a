import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { LoadResult, Order, Stream } from './plan.ts'

const generator = fileURLToPath(new URL('./generator.ts', import.meta.url))

/** A load that runs until it is stopped. */
export type Load = {
  /** Sends nothing more, waits for the answers that are due and gives the account. */
  stop(): Promise<LoadResult>
  /** Ends it without an account; after `stop` it does nothing. */
  abort(): Promise<void>
}

/** Starts the streams against 127.0.0.1:PORT in a process of their own. */
export function startLoad(port: number, streams: readonly Stream[]): Load {
  const child = fork(generator, { execArgv: ['--import', import.meta.resolve('tsx')] })
  const result = new Promise<LoadResult>((resolve, reject) => {
    child.once('message', (message) => resolve(message as LoadResult))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`The load generator ended with ${code}.`)))
  })
  // A failure is seen by whoever stops the load, not before.
  result.catch(() => undefined)
  const send = (order: Order): void => void child.send(order)
  send({ order: 'start', port, streams })
  return {
    stop() {
      send({ order: 'stop' })
      return result
    },
    async abort() {
      if (child.connected) child.disconnect()
    },
  }
}
