import { request } from 'node:http'
import type { IncomingMessage, RequestOptions } from 'node:http'

/** Where an HTTP server listens: a unix socket, or an address and a port. */
export type Target =
  | { readonly socketPath: string }
  | { readonly host: string; readonly port: number }

export type Answer = { readonly status: number; readonly body: string }

export type CallOptions = {
  /** Sent as JSON when it is no stream of bytes. */
  readonly body?: object | Iterable<Buffer>
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Gets the body piece by piece as it arrives. */
  readonly onText?: (text: string) => void
  /** Silence for this long fails the call; default 30 s. */
  readonly timeoutMs?: number
}

/** One HTTP request; resolves with any status, rejects when there is no whole answer. */
export function call(
  target: Target,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timeout = options.timeoutMs ?? 30_000
    const isJson = options.body !== undefined && !(Symbol.iterator in options.body)
    const type = options.contentType ?? (isJson ? 'application/json' : undefined)
    const headers = {
      host: 'localhost',
      ...(type === undefined ? {} : { 'content-type': type }),
      ...options.headers,
    }
    const settings: RequestOptions = { ...target, method, path, headers, timeout, agent: false }
    const outgoing = request(settings, (answer) => {
      readAll(answer, options.onText).then(resolve, reject)
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer for ${timeout / 1000} s`)))
    outgoing.on('error', reject)
    send(outgoing, options.body, isJson).catch((error: unknown) => {
      outgoing.destroy(error instanceof Error ? error : new Error(String(error)))
    })
  })
}

async function send(
  outgoing: ReturnType<typeof request>,
  body: object | Iterable<Buffer> | undefined,
  isJson: boolean,
): Promise<void> {
  if (body === undefined) outgoing.end()
  else if (isJson) outgoing.end(JSON.stringify(body))
  else {
    for (const piece of body as Iterable<Buffer>) {
      const isRoomLeft = outgoing.write(piece)
      if (!isRoomLeft) await new Promise((resolve) => outgoing.once('drain', resolve))
    }
    outgoing.end()
  }
}

async function readAll(answer: IncomingMessage, onText?: (text: string) => void): Promise<Answer> {
  answer.setEncoding('utf8')
  let body = ''
  for await (const text of answer as AsyncIterable<string>) {
    body += text
    onText?.(text)
  }
  return { status: answer.statusCode ?? 0, body }
}
