import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { onSilence } from './silence.ts'

/** Answers each line after 20 ms, in a thread of its own, which goes on while this one is stopped. */
const answering = `
  const { createServer } = require('node:net')
  const { parentPort } = require('node:worker_threads')
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', () => setTimeout(() => socket.write('answer'), 20))
  })
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
`

describe('silence on a connection', () => {
  const releases: (() => unknown)[] = []
  afterEach(async () => {
    for (const release of releases.splice(0).toReversed()) await release()
  })

  async function connectTo(port: number): Promise<Socket> {
    const socket = createConnection({ host: '127.0.0.1', port })
    releases.push(() => socket.destroy())
    await once(socket, 'connect')
    return socket
  }

  it('is told when nothing comes', async () => {
    const server = createServer()
    releases.push(() => server.close())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const socket = await connectTo((server.address() as AddressInfo).port)
    await new Promise<void>((resolve) => onSilence(socket, 10, resolve))
    expect(socket.bytesRead).toBe(0)
  })

  it('is not what came while this process could not read', async () => {
    const worker = new Worker(answering, { eval: true })
    releases.push(() => worker.terminate())
    const [port] = (await once(worker, 'message')) as [number]
    const socket = await connectTo(port)
    let isSilent = false
    onSilence(socket, 100, () => (isSilent = true))
    const heard = once(socket, 'data')
    socket.write('question')
    await new Promise((resolve) => setImmediate(resolve))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
    await heard
    expect(isSilent).toBe(false)
  })
})
