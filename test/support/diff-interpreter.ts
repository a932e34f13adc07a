import type { AdminState, DesiredState } from '../../src/model/desired-state.ts'
import type { RunningServer } from '../../src/haproxy/control.ts'
import { parseConfig } from '../../src/haproxy/config/parse.ts'
import { parseServerAddress } from '../../src/haproxy/diff/address.ts'
import { flattenParams } from '../../src/haproxy/diff/server-line.ts'
import { splitCommand } from '../../src/haproxy/runtime/words.ts'

/** What the model knows of a server; `params` without weight, maxconn and the pool defaults. */
export type ModelServer = {
  address: string
  port: number
  weight: number
  maxconn: string
  admin: AdminState
  hasHealth: boolean
  params: string
}

/** The least of HAProxy that the commands of a plan need: servers by `backend/server`, maps by path. */
export type Model = {
  /** Name → whether it is published. */
  readonly backends: Map<string, boolean>
  readonly servers: Map<string, ModelServer>
  readonly maps: Map<string, Map<string, string>>
}

/** The state HAProxy has after it was started with this text and brought to these admin states. */
export function modelOf(state: DesiredState): Model {
  const servers = new Map<string, ModelServer>()
  const backends = new Map<string, boolean>()
  const { sections } = parseConfig(state.config)
  for (const section of sections) {
    if (section.keyword !== 'backend' && section.keyword !== 'listen') continue
    backends.set(section.name, true)
    const parent = sections.find(
      ({ keyword, name }) => keyword === 'defaults' && name === (section.from ?? ''),
    )
    const defaults: (readonly string[])[] = []
    for (const { words } of [...(parent?.lines ?? []), ...section.lines]) {
      if (words[0] === 'default-server') defaults.push(words.slice(1))
      if (words[0] !== 'server') continue
      const id = `${section.name}/${words[1] ?? ''}`
      const own = words.slice(3).filter((word) => word !== 'disabled')
      const fallback = words.includes('disabled') ? 'maint' : 'ready'
      servers.set(
        id,
        makeServer(words[2] ?? '', [...defaults, own], state.servers.get(id) ?? fallback),
      )
    }
  }
  const maps = new Map([...state.files].map(([path, content]) => [path, entriesOf(content)]))
  return { backends, servers, maps }
}

/** The read-back of a model. */
export function readBack(model: Model): Map<string, RunningServer> {
  return new Map(
    [...model.servers].map(([id, { address, port, weight, admin }]) => {
      const [backend = '', name = ''] = id.split('/')
      return [id, { backend, name, address, port, weight, admin, operational: 'running' }] as const
    }),
  )
}

/** Runs one command; throws for any that HAProxy would refuse. */
export function run(model: Model, command: string): void {
  const words = splitCommand(command)
  const [verb = '', object = '', id = ''] = words
  if (object === 'map') return runMap(model, verb, id, words[3] ?? '', words[4])
  if (object === 'backend') return runBackend(model, verb, id, command)
  if (verb === 'add' && object === 'server') {
    if (!model.backends.has(id.slice(0, id.indexOf('/')))) throw new Error(`no backend: ${command}`)
    if (model.servers.has(id)) throw new Error(`exists: ${command}`)
    model.servers.set(id, {
      ...makeServer(words[3] ?? '', [words.slice(4)], 'maint'),
      hasHealth: false,
    })
    return undefined
  }
  const isMaxconn = object === 'maxconn'
  const server = model.servers.get(isMaxconn ? (words[3] ?? '') : id)
  if (server === undefined) throw new Error(`no such server: ${command}`)
  if (isMaxconn) server.maxconn = words[4] ?? ''
  else if (verb === 'enable' && object === 'health') server.hasHealth = true
  else if (verb === 'del') deleteServer(model, id, server)
  else if (verb === 'set' && words[3] === 'state') server.admin = words[4] as AdminState
  else if (verb === 'set' && words[3] === 'weight') server.weight = Number(words[4])
  else if (verb === 'set' && words[3] === 'addr') {
    Object.assign(server, { address: words[4], port: Number(words[6]) })
  } else throw new Error(`unknown command: ${command}`)
}

/** Deletes what was put aside for deletion, as the apply stage does once connections have ended. */
export function remove(model: Model, id: string): void {
  if (!id.includes('/')) return runBackend(model, 'del', id, `del backend ${id}`)
  const server = model.servers.get(id)
  if (server === undefined) throw new Error(`no such server: ${id}`)
  deleteServer(model, id, server)
}

function runBackend({ backends, servers }: Model, verb: string, name: string, command: string) {
  if (backends.has(name) === (verb === 'add')) throw new Error(`there already, or not: ${command}`)
  if (verb === 'del') {
    const hasServers = [...servers.keys()].some((key) => key.startsWith(`${name}/`))
    if (hasServers || backends.get(name) === true) throw new Error(`not to be deleted: ${command}`)
    backends.delete(name)
  } else backends.set(name, verb === 'publish')
}

function deleteServer(model: Model, id: string, { admin }: ModelServer): void {
  if (admin !== 'maint') throw new Error(`not in maintenance: ${id}`)
  model.servers.delete(id)
}

function makeServer(word: string, lists: (readonly string[])[], admin: AdminState): ModelServer {
  const params = new Map(flattenParams(lists).byKeyword)
  const weight = Number(params.get('weight')?.[0] ?? '1')
  const maxconn = params.get('maxconn')?.[0] ?? '0'
  const hasHealth = params.has('check')
  for (const name of ['weight', 'maxconn', 'pool-max-conn', 'pool-purge-delay']) params.delete(name)
  const { address, port } = parseServerAddress(word) ?? { address: word, port: 0 }
  return {
    address,
    port,
    weight,
    maxconn,
    admin,
    hasHealth,
    params: [...params]
      .map((param) => JSON.stringify(param))
      .toSorted()
      .join(' '),
  }
}

function runMap(
  model: Model,
  verb: string,
  path: string,
  key: string,
  value: string | undefined,
): void {
  const map = model.maps.get(path)
  if (map === undefined) throw new Error(`no such map: ${path}`)
  if (map.has(key) === (verb === 'add')) throw new Error(`${verb} map ${path} ${key}`)
  if (verb === 'del') map.delete(key)
  else if (value === undefined) throw new Error(`${verb} map without a value`)
  else map.set(key, value)
}

function entriesOf(content: string): Map<string, string> {
  const lines = content.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
  )
}
