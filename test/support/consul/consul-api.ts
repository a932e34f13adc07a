import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { testCertificate, testKey } from '../tls-fixture.ts'

/** `body` is the JSON when the answer is that, else the text. */
export type ConsulAnswer<T> = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: T
}

export type AskOptions = {
  readonly token?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** From the request to the end of its answer; 15,000 by default. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/**
 * One request to an agent or to something before it, on a connection of its own. A body that is a
 * string is sent as it is, anything else as JSON. Rejects when no whole answer comes in time.
 */
export function askConsul<T = unknown>(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  { token, headers = {}, timeoutMs = 15_000, signal }: AskOptions = {},
): Promise<ConsulAnswer<T>> {
  const limit = AbortSignal.timeout(timeoutMs)
  const options = {
    method,
    headers: { ...headers, ...(token === undefined ? {} : { 'x-consul-token': token }) },
    agent: false,
    signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
  }
  return new Promise((resolve, reject) => {
    const sent = url.startsWith('https:')
      ? httpsRequest(url + path, {
          ...options,
          ca: testCertificate,
          cert: testCertificate,
          key: testKey,
        })
      : httpRequest(url + path, options)
    sent.on('error', reject)
    sent.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { headers: received, statusCode: status = 0 } = response
        try {
          resolve({ status, headers: received, body: read(text, received['content-type']) as T })
        } catch (error) {
          reject(error)
        }
      })
    })
    sent.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body))
  })
}

function read(text: string, type = ''): unknown {
  return type.startsWith('application/json') ? JSON.parse(text) : text
}
