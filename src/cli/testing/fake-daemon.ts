import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Explanation, StatusReport } from '../../api/contract.ts'
import { emptyReport } from './sample-report.ts'

/** The admin API in memory, over a real unix socket or TCP port: what the commands are tested against. */
export class FakeDaemon {
  report: StatusReport = emptyReport
  explanation: Explanation | undefined
  /** Answers every request with this instead. */
  failure: { status: number; body: string } | undefined
  readonly words: { endpoint: string; word: unknown }[] = []
  /** Services that `confirm` was asked for. */
  readonly confirmed: (string | undefined)[] = []
  readonly headers: IncomingMessage['headers'][] = []
  #streams = new Set<ServerResponse>()
  readonly #server = createServer((request, response) => this.#answer(request, response))

  listen(place: string | 0): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      const done = (): void => {
        const address = this.#server.address() as AddressInfo | string
        resolve(typeof address === 'string' ? 0 : address.port)
      }
      if (place === 0) this.#server.listen(0, '127.0.0.1', done)
      else this.#server.listen(place, done)
    })
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  /** Whether someone follows the ledger. */
  get isFollowed(): boolean {
    return this.#streams.size > 0
  }

  sendChange(): void {
    for (const stream of this.#streams) {
      stream.write(`id: 1\nevent: change\ndata: ${JSON.stringify({ id: 1 })}\n\n`)
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.headers.push(request.headers)
    let text = ''
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    request.on('end', () => this.#route(request, text, response))
  }

  #route(request: IncomingMessage, text: string, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const json = (value: unknown): void => {
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value))
    }
    if (this.failure !== undefined) {
      response.statusCode = this.failure.status
      response.end(this.failure.body)
      return
    }
    const route = `${request.method} ${url.pathname}`
    if (route === 'GET /api/status') return json(this.report)
    if (route === 'GET /api/explain' && this.explanation !== undefined) {
      return json({ ...this.explanation, subject: url.searchParams.get('subject') })
    }
    if (route === 'GET /api/events') return this.#stream(response)
    if (route.startsWith('POST /api/words/')) {
      const endpoint = decodeURIComponent(url.pathname.slice('/api/words/'.length))
      this.words.push({ endpoint, word: JSON.parse(text) })
      return void response.writeHead(204).end()
    }
    if (route === 'POST /api/confirm') {
      const { service } = JSON.parse(text) as { service?: string }
      this.confirmed.push(service)
      return json({ endpoints: ['lab1:web-1:80', 'lab2:web-3:80'] })
    }
    if (route === 'POST /api/down') {
      json({})
      response.on('finish', () => void this.close())
      return
    }
    if (route === 'GET /healthz') return json({})
    response.statusCode = 404
    json({ error: { code: 'not_found', message: 'nothing here', hint: 'look elsewhere' } })
  }

  #stream(response: ServerResponse): void {
    this.#streams.add(response)
    response.on('close', () => this.#streams.delete(response))
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write(': hello\n\n')
  }
}
