import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** A larger answer is given up; the whole catalogue of a large datacenter is some megabytes. */
const mostAnswerBytes = 256 * 1024 * 1024

/** A whole answer. */
export type Reply = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** A kept connection was closed by the other side before it answered. */
export class StaleConnection extends Error {}

/**
 * Sends a request and reads its whole answer. When it settles, the connection is closed or free for
 * the next. Aborting ends the request at once. Throws what the connection threw, StaleConnection
 * where that was one used before, and an error for an answer that ends before its end.
 */
export async function exchange(
  request: ClientRequest,
  body: string | undefined,
  signal: AbortSignal,
): Promise<Reply> {
  const closed = new Promise<void>((resolve) => request.once('close', () => resolve()))
  const abort = (): void => void request.destroy(new Error('given up'))
  let isAnswered = false
  request.once('response', () => (isAnswered = true))
  signal.addEventListener('abort', abort, { once: true })
  try {
    if (signal.aborted) abort()
    const response = await answerTo(request, body)
    const text = await textOf(response)
    return { status: response.statusCode ?? 0, headers: response.headers, text }
  } catch (error) {
    request.destroy()
    throw !isAnswered && !signal.aborted && isStale(request, error)
      ? new StaleConnection('the agent closed the connection', { cause: error })
      : error
  } finally {
    // Answered before it had the whole request, as 413 is: the rest need not be sent.
    if (!request.writableFinished) request.destroy()
    await closed
    signal.removeEventListener('abort', abort)
  }
}

function answerTo(request: ClientRequest, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve)
    // Stays: a second error may follow the answer.
    request.on('error', reject)
    request.end(body)
  })
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    const buffer = chunk as Buffer
    bytes += buffer.length
    if (bytes > mostAnswerBytes) throw new Error(`an answer of more than ${mostAnswerBytes} bytes`)
    chunks.push(buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function isStale(request: ClientRequest, error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  return request.reusedSocket && closedCodes.has(String(code))
}

const closedCodes = new Set(['ECONNRESET', 'EPIPE'])
