import { Agent, request } from 'node:http'

/** One answer: who gave it, when its request went out and when it was there (the clock's ms). */
export type Poll = { readonly body: string; readonly sentMs: number; readonly answeredMs: number }

export type Poller = {
  /** Resolves with the first answer from now on for which the test is true. */
  first(test: (poll: Poll) => boolean, timeoutMs?: number): Promise<Poll>
  listen(listener: (poll: Poll) => void): () => void
  /** Requests that failed or answered 500 and more. */
  failures(): number
  stop(): Promise<void>
}

export type PollerOptions = {
  /** Address of the front; 127.0.0.1 without. */
  readonly address?: string
  readonly port: number
  readonly host: string
  readonly path: string
  /** Requests under way at a time. */
  readonly lanes: number
  /** Pause of a lane between an answer and its next request; 1 without. */
  readonly pauseMs?: number
  readonly now: () => number
}

/** Asks the front again and again over kept-alive connections. */
export function startPoller(given: PollerOptions): Poller {
  const { address = '127.0.0.1', port, host, path, lanes, pauseMs = 1, now } = given
  const agent = new Agent({ keepAlive: true, maxSockets: lanes })
  const options = { host: address, port, path, headers: { host }, agent }
  const listeners = new Set<(poll: Poll) => void>()
  const stopping = new AbortController()
  let failures = 0

  const lane = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const sentMs = now()
      const body = await ask(options)
      if (body === undefined) failures += 1
      else for (const listener of listeners) listener({ body, sentMs, answeredMs: now() })
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
  const running = Promise.all(Array.from({ length: lanes }, lane))
  const listen = (listener: (poll: Poll) => void): (() => void) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }
  return {
    listen,
    first: (test, timeoutMs = 20_000) =>
      new Promise((resolve, reject) => {
        const finish = (): void => {
          release()
          clearTimeout(timer)
        }
        const timer = setTimeout(() => {
          finish()
          reject(new Error(`no such answer through port ${port} for ${timeoutMs / 1000} s`))
        }, timeoutMs)
        const release = listen((poll) => {
          if (!test(poll)) return
          finish()
          resolve(poll)
        })
      }),
    failures: () => failures,
    async stop() {
      stopping.abort()
      await running
      agent.destroy()
    },
  }
}

// The body of a 200; undefined for anything else: the poller counts that.
function ask(options: object): Promise<string | undefined> {
  return new Promise((resolve) => {
    const outgoing = request({ ...options, timeout: 10_000 }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (text: string) => (body += text))
      answer.on('end', () => resolve(answer.statusCode === 200 ? body : undefined))
      answer.on('error', () => resolve(undefined))
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')))
    outgoing.on('error', () => resolve(undefined))
    outgoing.end()
  })
}
