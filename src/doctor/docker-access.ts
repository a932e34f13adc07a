import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import type { RequestOptions } from 'node:http'
import { isIP } from 'node:net'
import { allowedRequests } from '../discovery/docker/allowed-requests.ts'
import type { AllowedRequest } from '../discovery/docker/allowed-requests.ts'
import { messageOf } from '../model/errors.ts'
import type { DockerFacts, Excess } from './facts.ts'

const answerTimeoutMs = 2000

/** Answers of a filter, or of Docker's own authorization plugins; Docker itself gives none of them. */
const refusals: readonly number[] = [401, 403, 405]

type Attempt = Excess & { readonly method: string; readonly path: string }

/** What fairlead never asks, and what it would be good for. */
const excesses: readonly Attempt[] = [
  { method: 'POST', path: '/containers/create', what: 'make containers', isRoot: true },
  {
    method: 'POST',
    path: '/containers/{id}/exec',
    what: 'run commands in containers',
    isRoot: true,
  },
  {
    method: 'GET',
    path: '/containers/{id}/archive?path=/',
    what: 'read files of containers',
    isRoot: false,
  },
]

/**
 * What a Docker daemon allows, found by asking. Nothing changes by it: ids are random, so that there
 * is no such container or network, and a body is no JSON, so that nothing can be read from it.
 *
 * `mayWrite` false: only what is GET is tried, so that another machine's log shows no attempt to
 * change something.
 */
export async function lookAtDocker(url: string, mayWrite: boolean): Promise<DockerFacts> {
  const facts = { url, refused: [], excess: undefined }
  try {
    await statusOf(url, 'GET', '/info')
  } catch (reason) {
    return { ...facts, error: messageOf(reason) }
  }
  try {
    const needed = allowedRequests.filter(({ method }) => mayWrite || method === 'GET')
    const isRefused = await refusedOf(url, [...needed, ...(mayWrite ? excesses : [])])
    const excess = excesses.filter((each) => !isRefused.has(each))
    return {
      url,
      error: '',
      refused: needed.filter((each) => isRefused.has(each)),
      excess: mayWrite ? excess : undefined,
    }
  } catch (reason) {
    return { ...facts, error: messageOf(reason) }
  }
}

/** Whether requests to it stay on this machine. */
export function isOnThisMachine(url: string): boolean {
  if (url.startsWith('unix:')) return true
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

async function refusedOf<T extends AllowedRequest | Attempt>(
  url: string,
  attempts: readonly T[],
): Promise<ReadonlySet<T>> {
  const id = randomBytes(32).toString('hex')
  const statuses = await Promise.all(
    attempts.map(({ method, path }) => {
      // A time that is past, so that the answer ends.
      const target = path === '/events' ? '/events?since=1&until=1' : path.replace(/\{\w+\}/, id)
      return statusOf(url, method, target)
    }),
  )
  return new Set(attempts.filter((_, index) => refusals.includes(statuses[index] ?? 0)))
}

/** The status of the answer, whatever follows it. Throws when there is none in time. */
function statusOf(url: string, method: string, path: string): Promise<number> {
  const target: RequestOptions = url.startsWith('unix:')
    ? { socketPath: url.replace(/^unix:(?:\/\/)?/, '') }
    : hostAndPort(new URL(url.replace(/^tcp:/, 'http:')))
  const body = method === 'GET' ? '' : 'fairlead doctor asks whether this is allowed'
  const headers = { Host: 'docker', ...(body === '' ? {} : { 'Content-Type': 'text/plain' }) }
  return new Promise((resolve, reject) => {
    const call = request({ ...target, method, path, headers, agent: false }, (response) => {
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    call.setTimeout(answerTimeoutMs, () => call.destroy(new Error('it does not answer')))
    call.on('error', reject)
    call.end(body)
  })
}

const hostAndPort = ({ hostname, port }: URL): RequestOptions => ({
  host: hostname.replace(/^\[(.*)\]$/, '$1'),
  port: port || 2375,
})
