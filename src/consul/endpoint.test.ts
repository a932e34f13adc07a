import { once } from 'node:events'
import { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { OpenSockets } from './endpoint.ts'

it('counts no socket as open that is closed and whose end is told a moment later', async () => {
  const sockets = new OpenSockets()
  const [first, second] = [new Socket(), new Socket()]
  sockets.add(first)
  sockets.add(first)
  first.destroy()
  sockets.add(second)
  expect(sockets.counts).toEqual({ open: 1, most: 1 })
  await once(first, 'close')
  expect(sockets.counts).toEqual({ open: 1, most: 1 })
  second.destroy()
  await once(second, 'close')
  expect(sockets.counts).toEqual({ open: 0, most: 1 })
})
