import { request } from 'node:http'
import type { Agent } from 'node:http'

/** Silence for this long is a failure. */
const answerMs = 15_000
/** A load balancer that does not accept a connection for so long is not there. */
const connectMs = 1000

export type Question = {
  /** HOST:PORT. */
  readonly address: string
  readonly host: string
  readonly method: 'GET' | 'POST'
  readonly agent: Agent
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
export function ask({ address, host, method, agent }: Question): Promise<Answer> {
  const [hostname, port] = address.split(':')
  return new Promise((resolve) => {
    let isHeard = false
    let timer: NodeJS.Timeout
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
    const giveUp = (afterMs: number, why: string): void => {
      timer = setTimeout(() => {
        over(why)
        outgoing.destroy()
      }, afterMs)
    }
    giveUp(answerMs, `no answer for ${answerMs / 1000} s`)
    outgoing.on('socket', (socket) => {
      if (!socket.connecting) return
      clearTimeout(timer)
      giveUp(connectMs, `no connection for ${connectMs / 1000} s`)
      socket.once('connect', () => {
        clearTimeout(timer)
        giveUp(answerMs, `no answer for ${answerMs / 1000} s`)
      })
    })
    outgoing.on('error', (error) => over(wordOf(error)))
    outgoing.end(method === 'POST' ? 'a=1' : undefined)
  })
}

const wordOf = (error: NodeJS.ErrnoException): string => error.code ?? error.message
