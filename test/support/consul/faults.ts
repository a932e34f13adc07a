import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

/** A request as a predicate sees it; `path` includes the query. */
export type ProxiedRequest = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

/** What happens to a request instead of, or beside, being passed on. */
export type Fault =
  /** Passed on after this time. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Passed on when the promise resolves. */
  | { readonly kind: 'hold'; readonly until: Promise<unknown> }
  /** Answered by the proxy; the agent never sees it. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly body?: string
      readonly headers?: Readonly<Record<string, string>>
    }
  /** The connection ends with an RST before anything is answered; the agent never sees it. */
  | { readonly kind: 'reset' }
  /** The agent's answer with only the first half of its body, as if that were all. */
  | { readonly kind: 'truncate' }
  /** The agent's answer, whose connection ends after the first half of its body. */
  | { readonly kind: 'cut' }
  /** The agent's answer with another `X-Consul-Index`; undefined: none. */
  | { readonly kind: 'index'; readonly rewrite: (index: number) => number | undefined }
  /** Never answered; the agent never sees it. */
  | { readonly kind: 'blackhole' }

/** The agent's whole answer. */
export type WholeAnswer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Faults that are done to an answer; any other is done to its request. */
export type AnswerFault = Extract<Fault, { readonly kind: 'truncate' | 'cut' | 'index' }>

export const isAnswerFault = (fault: Fault | undefined): fault is AnswerFault =>
  fault?.kind === 'truncate' || fault?.kind === 'cut' || fault?.kind === 'index'

/** Gives the client the answer with the fault done to it. */
export function answerWith(fault: AnswerFault, answer: WholeAnswer, to: ServerResponse): void {
  const half = answer.body.subarray(0, Math.floor(answer.body.length / 2))
  const { 'transfer-encoding': _, ...headers } = answer.headers
  switch (fault.kind) {
    case 'truncate':
      to.writeHead(answer.status, { ...headers, 'content-length': half.length }).end(half)
      return
    case 'cut':
      to.writeHead(answer.status, { ...headers, 'content-length': answer.body.length })
      to.write(half, () => to.socket?.destroy())
      return
    case 'index': {
      const { 'x-consul-index': index, ...others } = headers
      const other = fault.rewrite(Number(index))
      const rewritten = other === undefined ? others : { ...others, 'x-consul-index': `${other}` }
      to.writeHead(answer.status, { ...rewritten, 'content-length': answer.body.length })
      to.end(answer.body)
    }
  }
}

/** Reads an answer to its end. */
export async function whole(answer: IncomingMessage): Promise<WholeAnswer> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  const { statusCode: status = 0, headers } = answer
  return { status, headers, body: Buffer.concat(chunks) }
}
