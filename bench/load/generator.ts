// The load generator, a process of its own so that nothing of the bench gets into its way. Open
// loop: a request is sent when it is due, however many are still unanswered, and never twice.

import { Agent, request } from 'node:http'
import { wallClock } from '../stage/clock.ts'
import { summary } from '../statistics.ts'
import type { Failure, Order, Stream, StreamResult } from './plan.ts'

const timeoutMs = 10_000
const lateAfterMs = 50
const keptFailures = 200

const failures: Failure[] = []
const now = wallClock()

/** Keeps up one stream and counts. */
class Sender {
  readonly #stream: Stream
  readonly #options: object
  // The connection idle for longest is used next: none falls silent until HAProxy closes it.
  readonly #agent: Agent
  readonly #latencies: number[] = []
  #sent = 0
  #failed = 0
  #onClosing = 0
  #wrongBodies = 0
  #late = 0

  constructor(port: number, stream: Stream) {
    this.#stream = stream
    this.#agent = new Agent({ keepAlive: stream.isKeptAlive, scheduling: 'fifo' })
    const headers = { host: `${stream.service}.localhost` }
    this.#options = { host: '127.0.0.1', port, method: stream.method, headers, agent: this.#agent }
  }

  get unanswered(): number {
    return this.#sent - this.#latencies.length - this.#failed
  }

  /** Sends what is due `elapsedMs` after the start. */
  catchUp(startMs: number, elapsedMs: number): void {
    const due = Math.floor((elapsedMs * this.#stream.perSecond) / 1000)
    while (this.#sent < due) {
      const dueAtMs = startMs + ((this.#sent + 1) * 1000) / this.#stream.perSecond
      this.#sent += 1
      if (now() - dueAtMs > lateAfterMs) this.#late += 1
      this.#send(dueAtMs)
    }
  }

  #send(dueAtMs: number): void {
    let isOver = false
    let hasAnswer = false
    const over = (why: string | undefined): void => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      if (why === undefined) this.#latencies.push(now() - dueAtMs)
      else this.#fail(why)
    }
    const outgoing = request(this.#options, (answer) => {
      hasAnswer = true
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (text: string) => (body += text))
      answer.on('error', (error) => over(error.message))
      answer.on('end', () => {
        const status = answer.statusCode ?? 0
        if (status !== 200) return over(`status ${status}`)
        if (!body.startsWith(`${this.#stream.service} `)) this.#wrongBodies += 1
        over(undefined)
      })
      answer.on('close', () => over('closed before the end of the answer'))
    })
    const timer = setTimeout(() => {
      over(`no answer for ${timeoutMs / 1000} s`)
      outgoing.destroy()
    }, timeoutMs)
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const isReset = error.code === 'ECONNRESET' || error.code === 'EPIPE'
      if (!isOver && outgoing.reusedSocket && isReset && !hasAnswer) this.#onClosing += 1
      over(`${error.message}${outgoing.reusedSocket ? ' (kept alive)' : ''}`)
    })
    outgoing.end(this.#stream.method === 'POST' ? 'a=1' : undefined)
  }

  #fail(why: string): void {
    this.#failed += 1
    if (failures.length < keptFailures) {
      failures.push({ atMs: now(), stream: this.#stream.name, why })
    }
  }

  result(): StreamResult {
    this.#agent.destroy()
    const { median, p95, p99, max } = summary(this.#latencies)
    return {
      stream: this.#stream,
      sent: this.#sent,
      answered: this.#latencies.length,
      failed: this.#failed,
      onClosing: this.#onClosing,
      wrongBodies: this.#wrongBodies,
      late: this.#late,
      latencyMs: { median, p95, p99, max },
    }
  }
}

function start(port: number, streams: readonly Stream[]): () => void {
  const senders = streams.map((stream) => new Sender(port, stream))
  const startMs = now()
  let isStopping = false
  let stoppedMs = 0
  const tick = (): void => {
    if (!isStopping) {
      for (const sender of senders) sender.catchUp(startMs, now() - startMs)
    } else if (senders.every((sender) => sender.unanswered === 0)) {
      const seconds = (stoppedMs - startMs) / 1000
      process.send?.({ seconds, streams: senders.map((each) => each.result()), failures })
      process.disconnect()
      return
    }
    setTimeout(tick, 1)
  }
  tick()
  return () => {
    isStopping = true
    stoppedMs = now()
  }
}

let stop: (() => void) | undefined
process.on('message', (order: Order) => {
  if (order.order === 'start') stop = start(order.port, order.streams)
  else stop?.()
})
// The bench takes Ctrl-C and then ends this process by closing the channel.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => process.exit(0))
