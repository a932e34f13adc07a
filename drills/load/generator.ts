// The drills' load generator, a process of its own. Open loop, as that of the benches: a request is
// sent when it is due, however many are unanswered. It keeps what became of each one.

import { Agent } from 'node:http'
import { wallClock } from '../../bench/stage/clock.ts'
import { ask } from './ask.ts'
import type { Answer } from './ask.ts'
import type { Order, Sample, Stream, Target } from './plan.ts'

const now = wallClock()
const samples: Sample[] = []
/** Index of the load balancer that answered last. */
let preferred = 0

/** Keeps up one stream. */
class Sender {
  readonly #target: Target
  readonly #stream: Stream
  readonly #agent: Agent
  #sent = 0
  #over = 0

  constructor(target: Target, stream: Stream) {
    this.#target = target
    this.#stream = stream
    // The connection idle for longest is used next: none falls silent until HAProxy closes it.
    this.#agent = new Agent({ keepAlive: stream.isKeptAlive, scheduling: 'fifo' })
  }

  get unanswered(): number {
    return this.#sent - this.#over
  }

  /** Sends what is due `elapsedMs` after the start. */
  catchUp(elapsedMs: number): void {
    const due = Math.floor((elapsedMs * this.#stream.perSecond) / 1000)
    for (; this.#sent < due; this.#sent += 1) {
      void this.#send().finally(() => (this.#over += 1))
    }
  }

  async #send(): Promise<void> {
    const { method } = this.#stream
    const sentMs = now()
    // A POST is not repeated: whether it arrived is not known.
    const most = method === 'GET' ? this.#target.addresses.length : 1
    let answer = await this.#ask()
    let tries = 1
    for (; answer.isUnheard && tries < most; tries += 1) answer = await this.#ask()
    const { server, failure } = answer
    samples.push({ sentMs, tookMs: now() - sentMs, method, server, failure, tries })
  }

  async #ask(): Promise<Answer> {
    const { addresses, ...target } = this.#target
    const index = preferred
    const address = addresses[index] ?? ''
    const answer = await ask({
      ...target,
      address,
      method: this.#stream.method,
      agent: this.#agent,
    })
    // Another request may have found the next one meanwhile.
    if (answer.isUnheard && preferred === index) preferred = (index + 1) % addresses.length
    return answer
  }

  end(): void {
    this.#agent.destroy()
  }
}

function start(target: Target, streams: readonly Stream[]): () => void {
  const senders = streams.map((stream) => new Sender(target, stream))
  const startMs = now()
  let isStopping = false
  const tick = (): void => {
    if (!isStopping) {
      for (const sender of senders) sender.catchUp(now() - startMs)
    } else if (senders.every((sender) => sender.unanswered === 0)) {
      for (const sender of senders) sender.end()
      const account = samples.toSorted((a, b) => a.sentMs - b.sentMs)
      process.send?.(account, () => process.disconnect())
      return
    }
    setTimeout(tick, 1)
  }
  tick()
  return () => void (isStopping = true)
}

let stop: (() => void) | undefined
process.on('message', (order: Order) => {
  if (order.order === 'start') stop = start(order.target, order.streams)
  else stop?.()
})
// The drill takes Ctrl-C and then ends this process by closing the channel.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => process.exit(0))
