import { request } from 'node:http'
import type { Agent } from 'node:http'

export type Question = {
  /** HOST:PORT. */
  readonly address: string
  readonly host: string
  readonly method: 'GET' | 'POST'
  readonly agent: Agent
  readonly patienceMs: number
}

export type Answer = {
  /** The last word of the body; empty where there is none. */
  readonly server: string
  /** Empty: a 200. */
  readonly failure: string
  /** The load balancer said not a byte: it could not be reached, or hung up. */
  readonly isUnheard: boolean
}

/** Sends one request; whatever becomes of it is an answer. */
export function ask({ address, host, method, agent, patienceMs }: Question): Promise<Answer> {
  const [hostname, port] = address.split(':')
  return new Promise((resolve) => {
    let isHeard = false
    const over = (failure: string, server = ''): void => {
      clearTimeout(timer)
      resolve({ server, failure, isUnheard: failure !== '' && !isHeard })
    }
    const outgoing = request({ hostname, port, method, agent, headers: { host } }, (answer) => {
      isHeard = true
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (text: string) => (body += text))
      answer.on('error', (error) => over(wordOf(error)))
      answer.on('end', () => {
        const server = body.trim().split(' ').at(-1) ?? ''
        if (answer.statusCode === 200) over('', server)
        else over(`status ${answer.statusCode}`)
      })
      answer.on('close', () => over('closed before the end of the answer'))
    })
    const timer = setTimeout(() => {
      over(`no answer for ${patienceMs / 1000} s`)
      outgoing.destroy()
    }, patienceMs)
    outgoing.on('error', (error) => over(wordOf(error)))
    outgoing.end(method === 'POST' ? 'a=1' : undefined)
  })
}

const wordOf = (error: NodeJS.ErrnoException): string => error.code ?? error.message
