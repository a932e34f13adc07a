import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChangeReport } from '../../../src/api/contract.ts'
import { get } from './load.ts'
import { Stage, type ContainerOptions } from './stage.ts'
import { freePort } from '../../support/ports.ts'

/** A stage whose fairlead is told by a template where requests go. */
export async function openTemplateStage(options: { hasImage?: boolean } = {}): Promise<Stage> {
  const stage = await Stage.open(options)
  stage.routingFlags = []
  return stage
}

/** Writes a template into the stage's folder; gives its path. */
export async function writeTemplate(stage: Stage, name: string, text: string): Promise<string> {
  const path = join(stage.folder, name)
  await writeFile(path, text)
  return path
}

/** The guide's template, with addresses and a service that are this test's. */
export async function guideTemplate(
  stage: Stage,
  edition: 'by-name' | 'by-port',
  service = 'armhf-demowebserver',
): Promise<string> {
  const text = await readFile(
    new URL(`../../support/guide/${edition}.ctmpl`, import.meta.url),
    'utf8',
  )
  const own = text
    .replace('0.0.0.0:8080', `127.0.0.1:${await freePort()}`)
    .replace('*:80', `127.0.0.1:${stage.port}`)
    .replace('armhf-demowebserver', service)
  return writeTemplate(stage, 'haproxy.ctmpl', own)
}

/**
 * Options of a container that serves on for three seconds after its stop signal. A template that has
 * HAProxy try no other server depends on being told of the stop before that.
 */
export function lingering(service: string): ContainerOptions {
  return { service, env: ['LINGER_MS=3000'], stopTimeout: 10 }
}

/** What a plain template begins with. */
export function headOf(stage: Stage): string {
  return `global
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout client 50s
  timeout server 50s
frontend web
  bind 127.0.0.1:${stage.port}
`
}

/** Sets a key of the embedded registry. */
export async function setKey(stage: Stage, key: string, value: string): Promise<void> {
  const { status, body } = await stage.api('PUT', `/v1/kv/${key}`, [Buffer.from(value)])
  if (status !== 200) throw new Error(`the key is not set: ${status} ${body}`)
}

/** Waits until so many servers of a service get requests, with or without checks, of `all` of it. */
export async function untilBalanced(
  stage: Stage,
  service: string,
  count: number,
  all = count,
): Promise<void> {
  await stage.until(async () => {
    const { isApplied, services } = await stage.status()
    const endpoints = services.find(({ name }) => name === service)?.endpoints ?? []
    const ready = endpoints.filter(
      ({ admin, haproxyStatus }) => admin === 'ready' && /^(?:UP|no check)/.test(haproxyStatus),
    )
    return isApplied && ready.length === count && endpoints.length === all
  }, `${service} has ${count} servers`)
}

export async function registerService(
  stage: Stage,
  service: {
    readonly id: string
    readonly name: string
    readonly address: string
    readonly port: number
  },
): Promise<void> {
  const body = { ID: service.id, Name: service.name, Address: service.address, Port: service.port }
  const { status } = await stage.api('PUT', '/v1/agent/service/register', body)
  if (status !== 200) throw new Error(`it is not registered: ${status}`)
}

export async function changesOf(stage: Stage): Promise<readonly ChangeReport[]> {
  return JSON.parse((await stage.api('GET', '/api/history?most=100')).body) as ChangeReport[]
}

/** Hostname of the container that answers; the status where none does. */
export async function answererOf(stage: Stage, host = 'x.test'): Promise<string> {
  const { status, body } = await get({ port: stage.port, host })
  return status === 200 ? (JSON.parse(body) as { hostname: string }).hostname : String(status)
}
