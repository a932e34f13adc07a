import { request } from 'node:http'
import type { ChangeReport } from '../../src/api/contract.ts'

/** fairlead's ledger as it grows: the `change` events of `GET /api/events`. */
export type ChangeStream = {
  /** Resolves with the first change from now on for which the test is true. */
  next(test: (change: ChangeReport) => boolean, timeoutMs?: number): Promise<ChangeReport>
  close(): void
}

export function openChangeStream(socketPath: string): Promise<ChangeStream> {
  const listeners = new Set<(change: ChangeReport) => void>()
  let rest = ''
  const take = (text: string): void => {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const data = /^data: ?(.*)$/m.exec(block)?.[1]
      if (data === undefined || !/^event: ?change$/m.test(block)) continue
      for (const listener of listeners) listener(JSON.parse(data) as ChangeReport)
    }
  }
  return new Promise((resolve, reject) => {
    const headers = { host: 'localhost', accept: 'text/event-stream' }
    const options = { socketPath, path: '/api/events', headers, agent: false as const }
    const outgoing = request(options, (answer) => {
      answer.setEncoding('utf8')
      answer.on('data', take)
      // Closed from here; lost otherwise, the waits end by their time.
      answer.on('error', () => undefined)
      resolve({ next: waiter(listeners), close: () => outgoing.destroy() })
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

function waiter(listeners: Set<(change: ChangeReport) => void>): ChangeStream['next'] {
  return (test, timeoutMs = 60_000) =>
    new Promise((resolve, reject) => {
      const listener = (change: ChangeReport): void => {
        if (!test(change)) return
        finish()
        resolve(change)
      }
      const timer = setTimeout(() => {
        finish()
        reject(new Error(`fairlead told of no such change for ${timeoutMs / 1000} s`))
      }, timeoutMs)
      const finish = (): void => {
        clearTimeout(timer)
        listeners.delete(listener)
      }
      listeners.add(listener)
    })
}
