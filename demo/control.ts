import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { rmSync } from 'node:fs'
import { messageOf } from './errors.ts'
import { call } from './http.ts'

/** What another shell may ask of a running demo. `say` gives progress lines to who asked. */
export type Control = {
  scale(web: number, say: (text: string) => void): Promise<void>
  down(say: (text: string) => void): Promise<void>
}

type Line = { readonly say: string } | { readonly error: string } | { readonly isDone: true }

/**
 * Listens on the demo's control socket; the socket is also the sign that a demo runs. Answers are
 * lines of JSON, written as the work goes on. Resolves to the release.
 */
export async function serveControl(socketPath: string, control: Control): Promise<() => void> {
  rmSync(socketPath, { force: true })
  const server = createServer((request, response) => {
    const write = (line: Line) => response.write(`${JSON.stringify(line)}\n`)
    obey(request, control, (text) => write({ say: text }))
      .then(() => write({ isDone: true }))
      .catch((error: unknown) => write({ error: messageOf(error) }))
      .finally(() => finish(response))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socketPath, resolve)
  })
  return () => server.close()
}

async function obey(
  request: IncomingMessage,
  control: Control,
  say: (text: string) => void,
): Promise<void> {
  let body = ''
  for await (const text of request.setEncoding('utf8') as AsyncIterable<string>) body += text
  if (request.method !== 'POST') throw new Error('only POST is understood')
  if (request.url === '/scale') return control.scale((JSON.parse(body) as { web: number }).web, say)
  if (request.url === '/down') return control.down(say)
  if (request.url !== '/hello') throw new Error(`unknown request ${request.url}`)
}

function finish(response: ServerResponse): void {
  response.end()
}

/**
 * Asks the demo that listens on the socket. Resolves to false when none does; rejects with the
 * demo's own words when it could not do it.
 */
export async function askControl(
  socketPath: string,
  what: 'hello' | 'scale' | 'down',
  body: object,
  say: (text: string) => void,
): Promise<boolean> {
  let rest = ''
  const lines: Line[] = []
  const onText = (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) {
      const line = JSON.parse(part) as Line
      lines.push(line)
      if ('say' in line) say(line.say)
    }
  }
  try {
    await call({ socketPath }, 'POST', `/${what}`, { body, onText, timeoutMs: 120_000 })
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
  const last = lines.at(-1)
  if (last === undefined || !('isDone' in last)) {
    throw new Error(last !== undefined && 'error' in last ? last.error : 'the demo ended meanwhile')
  }
  return true
}

const isAbsent = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  ['ENOENT', 'ECONNREFUSED'].includes(String(error.code))
