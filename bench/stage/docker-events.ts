import { request } from 'node:http'
import type { Target } from '../../demo/http.ts'

/** A container's event as Docker tells it (Docker Engine API, SystemEvents). */
export type ContainerEvent = {
  readonly action: string
  readonly id: string
  /** Unix milliseconds with fractions: Docker's `timeNano`. */
  readonly atMs: number
}

type Listener = (event: ContainerEvent) => void
type RawEvent = {
  readonly Action: string
  readonly Actor: { readonly ID: string }
  readonly timeNano: number
}

/** The events of the containers that have a label, from now on. */
export class DockerEvents {
  readonly #listeners = new Set<Listener>()
  #rest = ''

  /** Resolves when the stream is there: no event after that is missed. */
  static open(target: Target, label: string, signal: AbortSignal): Promise<DockerEvents> {
    const filters = JSON.stringify({ type: ['container'], label: [label] })
    const path = `/events?filters=${encodeURIComponent(filters)}`
    return new Promise((resolve, reject) => {
      const events = new DockerEvents()
      const outgoing = request({ ...target, path, signal, agent: false }, (answer) => {
        answer.setEncoding('utf8')
        answer.on('data', (text: string) => events.#take(text))
        // Aborted at the end of the run; lost earlier, the waits for events end the run by time.
        answer.on('error', () => undefined)
        resolve(events)
      })
      outgoing.on('error', reject)
      outgoing.end()
    })
  }

  /** Calls the listener for each event; returns its release. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** The next event of that kind for that container; ask before the cause is set off. */
  next(id: string, action: string): Promise<ContainerEvent> {
    return new Promise((resolve) => {
      const release = this.listen((event) => {
        if (event.id !== id || event.action !== action) return
        release()
        resolve(event)
      })
    })
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines.filter(Boolean)) {
      const raw = JSON.parse(line) as RawEvent
      const event = { action: raw.Action, id: raw.Actor.ID, atMs: raw.timeNano / 1e6 }
      for (const listener of this.#listeners) listener(event)
    }
  }
}
