import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AdminState, DesiredState } from '../model/desired-state.ts'
import { ClusterHasher } from './cluster-hash.ts'

type Place = { readonly folder: string; readonly port: number; readonly isNew: boolean }

const here: Place = { folder: '/var/lib/fairlead', port: 80, isNew: false }

type Server = { readonly name: string; readonly admin: AdminState }
type Backend = { readonly name: string; readonly servers: readonly Server[] }

/** A configuration as one load balancer has it, in the order that is given. */
function stateAt(
  { folder, port, isNew }: Place,
  backends: readonly Backend[],
  hosts: readonly string[] = [],
): DesiredState {
  const name = isNew ? 'pool-conn-name' : 'sni'
  const sections = [
    `# by ${folder}\nglobal\n    stats socket ${folder}/haproxy.sock mode 600\n    maxconn ${port}\n    hard-stop-after 60000ms\n\n`,
    `frontend http\n    bind 127.0.0.1:${port}\n    use_backend %[req.hdr(host),map_str(${folder}/maps/hosts.map)]\n\n`,
    ...backends.map(({ name: backend, servers }) => {
      const lines = servers.map((server) => {
        const out = server.admin === 'ready' ? '' : ' disabled'
        return `    server ${server.name} 10.0.0.1:80 check ${name} var(txn.fresh)${out}\n`
      })
      return `backend ${backend}\n    balance roundrobin\n${lines.join('')}\n`
    }),
  ]
  const states = backends.flatMap(({ name: backend, servers }) =>
    servers.map((server) => [`${backend}/${server.name}`, server.admin] as const),
  )
  const lines = hosts.map((host) => `${host} svc\n`).join('')
  return {
    config: sections.join(''),
    sections,
    files: new Map([[`${folder}/maps/hosts.map`, lines]]),
    servers: new Map(states),
  }
}

const hashAt = (place: Place, backends: readonly Backend[], hosts: readonly string[] = []) =>
  new ClusterHasher(place.folder).hash(stateAt(place, backends, hosts))

const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 5 })
const server = fc.record({
  name: fc.stringMatching(/^[a-z0-9]{1,6}$/),
  admin: fc.constantFrom<AdminState>('ready', 'drain', 'maint'),
})
const backendsArbitrary = names.chain((all) =>
  fc.tuple(
    ...all.map((name) =>
      fc.record({
        name: fc.constant(name),
        servers: fc.uniqueArray(server, { maxLength: 6, selector: (each) => each.name }),
      }),
    ),
  ),
)
const shuffled = <T>(items: readonly T[]) =>
  fc.shuffledSubarray([...items], { minLength: items.length })

describe('the hash of what is served', () => {
  it('is the same in another place, by another HAProxy, in any order', () => {
    const permuted = fc.tuple(backendsArbitrary, names).chain(([backends, hosts]) =>
      fc.record({
        backends: fc.constant(backends),
        hosts: fc.constant(hosts),
        others: shuffled(backends).chain((all) =>
          fc.tuple(
            ...all.map((each) => shuffled(each.servers).map((servers) => ({ ...each, servers }))),
          ),
        ),
        otherHosts: shuffled(hosts),
      }),
    )
    fc.assert(
      fc.property(permuted, ({ backends, hosts, others, otherHosts }) => {
        const there = { folder: '/home/bob/.state/fairlead', port: 8080, isNew: true }
        expect(hashAt(there, others, otherHosts)).toEqual(hashAt(here, backends, hosts))
      }),
    )
  })

  it('is another with another server, state or host', () => {
    fc.assert(
      fc.property(backendsArbitrary, names, ([first, ...rest], hosts) => {
        if (first === undefined) return
        const hash = hashAt(here, [first, ...rest], hosts)
        const more = { name: 'NEW', admin: 'ready' } as const
        const added = { ...first, servers: [...first.servers, more] }
        const drained = {
          ...first,
          servers: [...first.servers, { ...more, admin: 'drain' } as const],
        }
        const changed = [added, drained].map((each) => hashAt(here, [each, ...rest], hosts))
        const renamed = hashAt(here, [first, ...rest], [...hosts, 'NEW'])
        const all = [hash, ...changed, renamed].map(({ whole }) => whole)
        expect(new Set(all).size).toBe(4)
        expect(renamed.parts.servers).toBe(hash.parts.servers)
        expect(changed[0]?.parts.settings).toBe(hash.parts.settings)
      }),
    )
  })

  it('tells settings from what is served', () => {
    const state = stateAt(here, [])
    const sections = (state.sections ?? []).map((text) => text.replace('60000ms', '5000ms'))
    const [a, b] = [state, { ...state, sections }].map((each) =>
      new ClusterHasher(here.folder).hash(each),
    )
    expect(a?.whole).not.toBe(b?.whole)
    expect({ ...a?.parts, settings: '' }).toEqual({ ...b?.parts, settings: '' })
  })

  it('is the same whether the text is cut or not, and when it is asked for again', () => {
    const state = stateAt(here, [{ name: 'a', servers: [{ name: 's', admin: 'maint' }] }])
    const hasher = new ClusterHasher(here.folder)
    const hash = hasher.hash(state)
    expect(hasher.hash(state)).toEqual(hash)
    expect(hasher.hash({ ...state, sections: undefined })).toEqual(hash)
  })

  it('takes files from elsewhere as they are', () => {
    const hash = (content: string) =>
      new ClusterHasher(here.folder).hash({
        config: '',
        files: new Map([['/etc/ssl/site.pem', content]]),
        servers: new Map(),
      }).whole
    expect(hash('a\nb\n')).not.toBe(hash('b\na\n'))
  })
})
