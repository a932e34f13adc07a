import { Agent, request } from 'node:http'

/** The instances of one service, as a blocking query of the bench's own sees them in Consul. */
export type ServiceWatch = {
  /** Resolves with the time (`now`) at which the instance of a container was first seen. */
  first(container: string, timeoutMs?: number): Promise<number>
  close(): void
}

type Instances = { readonly index: string; readonly ids: readonly string[] }
type Wanted = { readonly container: string; readonly tell: (seenMs: number) => void }

/** Watches `/v1/health/service/NAME` of the agent at `url`; `now` gives milliseconds. */
export function watchService(url: string, name: string, now: () => number): ServiceWatch {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const closing = new AbortController()
  const wanted = new Set<Wanted>()
  let failure: Error | undefined
  const loop = async (): Promise<void> => {
    let index = '0'
    while (!closing.signal.aborted) {
      const path = `/v1/health/service/${encodeURIComponent(name)}?index=${index}&wait=60s`
      const answer = await read(url + path, agent, closing.signal)
      const seenMs = now()
      index = answer.index
      for (const each of wanted) {
        if (answer.ids.some((id) => isOf(id, each.container))) each.tell(seenMs)
      }
    }
  }
  loop().catch((error: unknown) => {
    if (!closing.signal.aborted) failure = error instanceof Error ? error : new Error(String(error))
  })
  return {
    first: (container, timeoutMs = 20_000) =>
      new Promise((resolve, reject) => {
        const finish = (): void => {
          clearTimeout(timer)
          wanted.delete(each)
        }
        const timer = setTimeout(() => {
          finish()
          const seconds = timeoutMs / 1000
          reject(failure ?? new Error(`${container} was not registered within ${seconds} s`))
        }, timeoutMs)
        const each: Wanted = {
          container,
          tell(seenMs) {
            finish()
            resolve(seenMs)
          },
        }
        wanted.add(each)
      }),
    close() {
      closing.abort()
      agent.destroy()
    },
  }
}

// `HOST:CONTAINER:PORT`, as Registrator names the instances that it registers.
const isOf = (id: string, container: string): boolean => id.split(':')[1] === container

function read(url: string, agent: Agent, signal: AbortSignal): Promise<Instances> {
  type Entry = { readonly Service: { readonly ID: string } }
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, signal }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (piece: string) => (text += piece))
      answer.on('error', reject)
      answer.on('end', () => {
        if (answer.statusCode !== 200) return reject(new Error(`${answer.statusCode}: ${text}`))
        const ids = (JSON.parse(text) as readonly Entry[]).map(({ Service }) => Service.ID)
        resolve({ index: String(answer.headers['x-consul-index'] ?? 0), ids })
      })
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}
