import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ledger } from '../../src/api/ledger.ts'
import { serveApi } from '../../src/api/server.ts'
import { ConsulApi } from '../../src/consul-api/consul-api.ts'
import { consulApiRoutes } from '../../src/consul-api/routes/routes.ts'
import { EmbeddedRegistry } from '../../src/registry/embedded/embedded-registry.ts'
import { systemClock, type Clock } from '../../src/support/clock.ts'
import { MemoryDaemon } from './memory-daemon.ts'

/** Fairlead's embedded registry under Consul's HTTP API, served on a free port, without a daemon. */
export type ConsulApiServer = {
  readonly url: string
  readonly node: string
  readonly api: ConsulApi
  readonly registry: EmbeddedRegistry
  /** Ends it and starts it again from its folder, on another port. */
  restart(): Promise<ConsulApiServer>
  close(): Promise<void>
}

export async function serveConsulApi(
  options: { readonly clock?: Clock; readonly folder?: string } = {},
): Promise<ConsulApiServer> {
  const { clock = systemClock } = options
  const folder =
    options.folder ?? (await mkdtemp(join(tmpdir(), `fairlead-t-${process.pid}-consul-api-`)))
  const registry = new EmbeddedRegistry(join(folder, 'registry.snapshot'), clock)
  await registry.load()
  const node = 'n1'
  const api = await ConsulApi.open({ registry, clock, stateFolder: folder, node, version: '0.1.0' })
  const ending = new AbortController()
  const running = api.run(ending.signal)
  const served = await serveApi({
    control: new MemoryDaemon(new Ledger()),
    version: '0.1.0',
    adminHosts: [],
    token: undefined,
    consulApi: consulApiRoutes(api),
    onDefect: (error) => {
      console.error(error)
    },
    listen: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
  })
  const [address] = served.addresses
  if (address?.kind !== 'tcp') throw new Error('it listens on no port')
  const end = async (): Promise<void> => {
    ending.abort()
    await api.stop()
    await served.close()
    await running
    await registry.flush()
  }
  return {
    url: `http://127.0.0.1:${address.port}`,
    node,
    api,
    registry,
    restart: async () => {
      await end()
      return serveConsulApi({ clock, folder })
    },
    close: async () => {
      await end()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
