import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

// Below the range that Linux gives to outgoing connections and to whoever listens on port 0 (ip(7),
// ip_local_port_range: 32768 and up): else a port could be taken between its being found free and
// its use, or while the program that has it is stopped for a moment.
const [lowest, highest] = rangeOf(process.env['TEST_PORTS'] ?? '16000-31999')

/** Given out by this process: whoever got one may not have bound it yet. */
const given = new Set<number>()

/** A loopback port that nobody listens on, neither TCP nor UDP; never given out twice. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}

/** Loopback ports that nobody listens on, neither TCP nor UDP; no two of them are the same. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found = new Set<number>()
  for (let tries = 0; found.size < count; tries++) {
    if (tries > 100 + 10 * count) throw new Error(`no ${count} free ports`)
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1))
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) found.add(port)
  }
  return [...found]
}

/** `16000-31999`. Runs of the tests beside each other have a part each, or one takes what another found. */
function rangeOf(text: string): readonly [number, number] {
  const [first = Number.NaN, last = Number.NaN] = text.split('-').map(Number)
  if (!(first <= last)) throw new Error(`TEST_PORTS=${text} is no range of ports`)
  return [first, last]
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const socket = createSocket('udp4')
  const tcp = new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
  const udp = new Promise<boolean>((resolve) => {
    socket.once('error', () => resolve(false))
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)))
  })
  return (await Promise.all([tcp, udp])).every(Boolean)
}
