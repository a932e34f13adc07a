import * as fc from 'fast-check'
import type { AdminState, DesiredState } from '../../src/model/desired-state.ts'

type Server = {
  name: string
  host: number
  port: number
  params: string[]
  admin: AdminState
}

const params = fc.uniqueArray(
  fc.constantFrom(
    'check',
    'inter 2s',
    'inter 5s',
    'weight 3',
    'weight 0',
    'maxconn 10',
    'backup',
    'no-check',
  ),
  { maxLength: 4, selector: (param) => param.split(' ')[0] },
)
const servers: fc.Arbitrary<Server[]> = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c:80', 'd.1', 'e'),
    host: fc.integer({ min: 1, max: 4 }),
    port: fc.constantFrom(80, 8080),
    params,
    admin: fc.constantFrom('ready', 'ready', 'drain', 'maint'),
  }),
  { selector: ({ name }) => name, maxLength: 5 },
)
const entries = fc.dictionary(
  fc.string({ unit: fc.constantFrom('a', 'b', '.', ';', '\\', 'é'), minLength: 1, maxLength: 3 }),
  fc.constantFrom('app', 'api', 'a b', String.raw`x;\y`),
)
/** What two states have in common, so that a plan between them needs no reload. */
export const sharedSettings = fc.record({
  inherited: params,
  own: params,
  isV6: fc.boolean(),
})
/** What two states may differ in. */
export const serverContent = fc.record({
  app: servers,
  api: servers,
  entries,
  isReversed: fc.boolean(),
})

type Shared = typeof sharedSettings extends fc.Arbitrary<infer T> ? T : never
type Content = typeof serverContent extends fc.Arbitrary<infer T> ? T : never

/** A desired state of two backends and a map; `head` stands before it all. */
export function stateOf(
  { inherited, own, isV6 }: Shared,
  { app, api, entries, isReversed }: Content,
  { head = '', mapPath = '/maps/hosts.map' }: { head?: string; mapPath?: string } = {},
): DesiredState {
  const print = (server: Server): string => {
    const host = isV6 ? `[fd00::${server.host}]` : `10.0.0.${server.host}`
    const disabled = server.admin === 'ready' ? [] : ['disabled']
    const words = ['server', server.name, `${host}:${server.port}`, ...server.params, ...disabled]
    return `  ${words.join(' ')}\n`
  }
  const backends = [
    `backend app\n  default-server ${own.join(' ') || 'fall 3'}\n${app.map(print).join('')}`,
    `backend api\n${api.map(print).join('')}`,
  ]
  if (isReversed) backends.reverse()
  const config = `${head}defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
  default-server ${inherited.join(' ') || 'fall 3'}
frontend web
  use_backend %[req.hdr(host),map_str(${mapPath},app)]
${backends.join('\n')}`
  const named = [
    ...app.map((server) => [`app/${server.name}`, server.admin] as const),
    ...api.map((server) => [`api/${server.name}`, server.admin] as const),
  ]
  const lines = Object.entries(entries).map(([key, value]) => `${key} ${value}\n`)
  return { config, files: new Map([[mapPath, lines.join('')]]), servers: new Map(named) }
}
