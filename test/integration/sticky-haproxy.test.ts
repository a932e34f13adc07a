import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Candidate } from '../../src/model/candidate.ts'
import type { Endpoint } from '../../src/model/endpoint.ts'
import type { OperatorWord } from '../../src/routing/contract.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { RoutedLab } from '../support/routed-lab.ts'

const labels = { sticky: 'cookie' }
const draining = { reason: 'SIGTERM was sent', sinceMs: 1, untilMs: 9 }

/** A browser: keeps the cookies it is given. */
class Client {
  readonly #lab: RoutedLab
  cookie: string | undefined
  /** How often it was given one. */
  given = 0

  constructor(lab: RoutedLab) {
    this.#lab = lab
  }

  /** The name of the server that answered. */
  async ask(): Promise<string> {
    const headers = this.cookie === undefined ? {} : { cookie: this.cookie }
    const answer = await this.#lab.ask({ headers })
    const [set] = answer.headers['set-cookie'] ?? []
    if (set !== undefined) {
      this.given += 1
      this.cookie = set.split(';', 1)[0]
    }
    return answer.status === 200 ? answer.body : String(answer.status)
  }
}

describe.each(haproxyPrograms())('sticky sessions on HAProxy $line', ({ path }) => {
  let lab: RoutedLab

  beforeEach(async () => {
    lab = await RoutedLab.open(path)
  })

  afterEach(() => lab.close())

  const web = async (name: string, given: Partial<Endpoint> = {}) =>
    (await lab.container(name, { labels, ...given })).candidate

  /** One client at each of the servers, by server. */
  async function clientsOf(count: number): Promise<Map<string, Client>> {
    const clients = new Map<string, Client>()
    for (let tries = 0; clients.size < count && tries < 50; tries += 1) {
      const client = new Client(lab)
      const server = await client.ask()
      expect(client.cookie).toBeDefined()
      if (!clients.has(server)) clients.set(server, client)
    }
    expect(clients.size).toBe(count)
    return clients
  }

  async function expectKept(clients: ReadonlyMap<string, Client>): Promise<void> {
    for (const [server, client] of clients) {
      for (let each = 0; each < 4; each += 1) expect(await client.ask()).toBe(server)
      expect(client.given).toBe(1)
    }
  }

  /** Without its clients, as often as it takes to see all servers. */
  async function newcomers(): Promise<Set<string>> {
    const servers = new Set<string>()
    for (let each = 0; each < 12; each += 1) servers.add(await new Client(lab).ask())
    return servers
  }

  it('last when servers are added, and these get clients of their own', async () => {
    const [a, b] = [await web('a'), await web('b')]
    await lab.apply([a, b])
    const { workerPid } = lab.haproxy
    const clients = await clientsOf(2)
    await expectKept(clients)
    const [c, d] = [await web('c'), await web('d')]
    expect((await lab.apply([a, b, c, d])).how).toBe('runtime')
    expect(lab.haproxy.workerPid).toBe(workerPid)
    await expectKept(clients)
    await expectKept(await clientsOf(4))
  })

  it('last across a reload, also at servers that were added at runtime', async () => {
    const [a, b] = [await web('a'), await web('b')]
    await lab.apply([a])
    expect((await lab.apply([a, b])).how).toBe('runtime')
    const clients = await clientsOf(2)
    await lab.haproxy.reload()
    await expectKept(clients)
  })

  it('last at a draining server to its end, and it gets no new clients', async () => {
    const [a, b] = [await web('a'), await web('b')]
    await lab.apply([a, b])
    const clients = await clientsOf(2)
    const stopping: Candidate = {
      ...a,
      endpoints: a.endpoints.map((endpoint) => ({ ...endpoint, draining })),
    }
    expect((await lab.apply([stopping, b])).how).toBe('runtime')
    await expectKept(clients)
    expect(await newcomers()).toEqual(new Set(['b']))
    expect((await lab.apply([b])).how).toBe('runtime')
    const moved = clients.get('a') ?? expect.unreachable()
    expect(await moved.ask()).toBe('b')
    expect(moved.given).toBe(2)
    expect(await moved.ask()).toBe('b')
    expect(moved.given).toBe(2)
  })

  it.each(['drain', 'maint'] as const)('know an operator’s %s', async (state) => {
    const [a, b] = [await web('a'), await web('b')]
    await lab.apply([a, b])
    const clients = await clientsOf(2)
    const id = a.endpoints[0]?.id ?? ''
    const word: OperatorWord = { state, weight: undefined, sinceMs: 1 }
    expect((await lab.apply([a, b], { words: new Map([[id, word]]) })).how).toBe('runtime')
    expect(await newcomers()).toEqual(new Set(['b']))
    expect(await clients.get('a')?.ask()).toBe(state === 'drain' ? 'a' : 'b')
    await lab.apply([a, b])
    expect(await newcomers()).toEqual(new Set(['a', 'b']))
  })

  it('move on from a server that has died, in the same request', async () => {
    const [a, b] = [await lab.container('a', { labels }), await web('b')]
    await lab.apply([a.candidate, b])
    const clients = await clientsOf(2)
    await a.server.close()
    const moved = clients.get('a') ?? expect.unreachable()
    expect(await moved.ask()).toBe('b')
    expect(await moved.ask()).toBe('b')
    await expectKept(new Map([['b', clients.get('b') ?? expect.unreachable()]]))
  })

  it('follow the address: who has it gets its clients', async () => {
    const [a, b] = [await web('a'), await web('b')]
    await lab.apply([a, b])
    const clients = await clientsOf(2)
    const port = a.endpoints[0]?.port ?? 0
    const heir = lab.at('heir', port, { labels })
    await lab.apply([b])
    expect((await lab.apply([b, heir])).how).toBe('runtime')
    await expectKept(clients)
    // And a server that is led to another address has that one's cookie.
    const moved = { ...heir, endpoints: heir.endpoints.map((one) => ({ ...one, port: 9 })) }
    const back = await lab.apply([b, moved])
    expect(back.commands.some((command) => command.includes(' addr '))).toBe(true)
    expect((await lab.apply([b, heir])).how).toBe('runtime')
    await expectKept(clients)
  })

  it('have a cookie for each service, out of reach for scripts and other sites', async () => {
    const shop = await web('shop', { service: 'shop' })
    const blog = await web('blog', { service: 'blog', labels: { ...labels, 'sticky.cookie': 'B' } })
    await lab.apply([shop, blog])
    const cookies = await Promise.all(
      ['shop', 'blog'].map(async (name) => {
        const { headers } = await lab.ask({ headers: { host: `${name}.localhost` } })
        return headers['set-cookie']?.[0]
      }),
    )
    expect(cookies[0]).toMatch(
      /^fairlead-[0-9a-f]{8}=[0-9a-f]{16}; path=\/; HttpOnly; SameSite=Lax$/,
    )
    expect(cookies[1]).toMatch(/^B=/)
  })
})
