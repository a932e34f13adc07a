import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { freePort } from '../../test/support/ports.ts'
import { sampleEndpoint } from '../../test/support/samples.ts'
import { ManualClock, systemClock, type Clock } from '../support/clock.ts'
import { connectTcp, Prober } from './prober.ts'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function listen(): Promise<number> {
  const server = createServer((socket) => socket.destroy())
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('the prober', () => {
  it('says when an endpoint accepts a connection', async () => {
    const endpoint = sampleEndpoint({ address: '127.0.0.1', port: await listen() })
    const accepted = await new Promise((resolve) => {
      const prober = new Prober({ clock: systemClock, onAccepted: resolve })
      expect(prober.hasAccepted(endpoint)).toBe(false)
      void prober.want([endpoint])
    })
    expect(accepted).toBe(endpoint)
  })

  it('holds back what an earlier process has found, and not what HAProxy serves', () => {
    const options = { clock: new ManualClock(), onAccepted: () => undefined }
    const prober = new Prober({ ...options, wayOf: () => 'hold' })
    const earlier = new Prober(options)
    const endpoint = sampleEndpoint()
    earlier.accept(endpoint)
    prober.restore(earlier.accepted())
    expect(prober.hasAccepted(endpoint)).toBe(false)
    prober.accept(endpoint)
    expect(prober.hasAccepted(endpoint)).toBe(true)
  })

  it('asks again with growing pauses until the endpoint accepts', async () => {
    const clock = new ManualClock()
    const tries: number[] = []
    const onAccepted = vi.fn<() => void>()
    let isListening = false
    const connect = (): Promise<boolean> => {
      tries.push(clock.now())
      return Promise.resolve(isListening)
    }
    const prober = new Prober({ clock, onAccepted, connect })
    void prober.want([sampleEndpoint()])
    await clock.advance(100_000)
    const pauses = tries.slice(1).map((at, index) => at - (tries[index] ?? 0))
    expect(pauses[0]).toBe(1)
    expect(Math.max(...pauses)).toBe(5_000)
    expect(onAccepted).not.toHaveBeenCalled()
    isListening = true
    await clock.advance(5_000)
    expect(onAccepted).toHaveBeenCalledTimes(1)
  })

  it('is not hurried by a clock that was set back', async () => {
    const clock = new ManualClock()
    const started = clock.now()
    let tries = 0
    const connect = (): Promise<boolean> => {
      tries += 1
      return Promise.resolve(false)
    }
    const now = (): number => clock.now() - (clock.now() > started + 1_000 ? 3_600_000 : 0)
    const sleep: Clock['sleep'] = (delayMs, signal) => clock.sleep(delayMs, signal)
    const prober = new Prober({ clock: { now, sleep }, onAccepted: () => undefined, connect })
    void prober.want([sampleEndpoint()])
    await clock.advance(1_000)
    const before = tries
    await clock.advance(60_000)
    expect(tries - before).toBeLessThan(60)
    prober.stop()
  })

  it('tries a new endpoint before a thousand that do not answer', async () => {
    const clock = new ManualClock()
    const isDead = (address: string): boolean => address !== '10.1.0.1'
    const connect = async (address: string): Promise<boolean> => {
      if (isDead(address)) await clock.sleep(1_000)
      return !isDead(address)
    }
    const accepted: string[] = []
    const prober = new Prober({
      clock,
      onAccepted: (endpoint) => accepted.push(endpoint.address),
      connect,
    })
    const dead = Array.from({ length: 1_000 }, (_, index) =>
      sampleEndpoint({ id: `dead-${index}`, address: `10.0.${index >> 8}.${index & 255}` }),
    )
    void prober.want(dead)
    await clock.advance(20_000)
    void prober.want([...dead, sampleEndpoint({ id: 'new', address: '10.1.0.1' })])
    await clock.advance(1_000)
    expect(accepted).toEqual(['10.1.0.1'])
    prober.stop()
  })

  it('knows nothing of the next container on the same address', async () => {
    const port = await listen()
    const first = sampleEndpoint({ address: '127.0.0.1', port })
    const prober = await new Promise<Prober>((resolve) => {
      const made = new Prober({ clock: systemClock, onAccepted: () => resolve(made) })
      void made.want([first])
    })
    expect(prober.hasAccepted(first)).toBe(true)
    expect(prober.hasAccepted({ ...first, identity: 'another container' })).toBe(false)
  })

  it('forgets what was learnt of endpoints that have gone', async () => {
    const endpoint = sampleEndpoint({ address: '127.0.0.1', port: await listen() })
    const prober = await new Promise<Prober>((resolve) => {
      const made = new Prober({ clock: systemClock, onAccepted: () => resolve(made) })
      void made.want([endpoint])
    })
    prober.keepOnly([])
    expect(prober.hasAccepted({ ...endpoint })).toBe(false)
  })

  it('takes over what an earlier process learnt', async () => {
    const endpoint = sampleEndpoint({ address: '127.0.0.1', port: await listen() })
    const prober = await new Promise<Prober>((resolve) => {
      const made = new Prober({ clock: systemClock, onAccepted: () => resolve(made) })
      void made.want([endpoint])
    })
    const next = new Prober({ clock: systemClock, onAccepted: () => undefined })
    next.restore(prober.accepted())
    expect(next.hasAccepted(endpoint)).toBe(true)
  })

  it('leaves endpoints alone whose health is reported', () => {
    const connect = vi.fn<() => Promise<boolean>>(() => Promise.resolve(true))
    const prober = new Prober({ clock: systemClock, onAccepted: () => undefined, connect })
    const endpoint = sampleEndpoint({ isHealthReported: true })
    void prober.want([endpoint])
    expect(connect).not.toHaveBeenCalled()
    expect(prober.hasAccepted(endpoint)).toBe(true)
  })

  it('has a connect that says no to a closed port', async () => {
    expect(await connectTcp('127.0.0.1', await freePort(), 1_000)).toBe(false)
  })
})
