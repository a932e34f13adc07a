import { describe, expect, it } from 'vitest'
import { connectTo, isLocalSocket, parseSocketAddress } from './address.ts'

describe('the address of a control socket', () => {
  it.each([
    ['/run/haproxy/admin.sock', { kind: 'unix', path: '/run/haproxy/admin.sock' }, true],
    ['unix@/run/a.sock', { kind: 'unix', path: '/run/a.sock' }, true],
    ['/run/odd:80', { kind: 'unix', path: '/run/odd:80' }, true],
    ['127.0.0.1:9999', { kind: 'tcp', host: '127.0.0.1', port: 9999 }, true],
    ['ipv4@127.1.2.3:9999', { kind: 'tcp', host: '127.1.2.3', port: 9999 }, true],
    ['[::1]:9999', { kind: 'tcp', host: '::1', port: 9999 }, true],
    ['ipv4@10.0.0.1:9999', { kind: 'tcp', host: '10.0.0.1', port: 9999 }, false],
    ['lb.test:9999', { kind: 'tcp', host: 'lb.test', port: 9999 }, false],
  ])('%s', (text, address, isLocal) => {
    const parsed = parseSocketAddress(text)
    expect(parsed).toEqual(address)
    expect(isLocalSocket(parsed)).toBe(isLocal)
  })

  it('for every address is asked here, and is open to others', () => {
    expect(connectTo('*:9999')).toEqual({ host: '127.0.0.1', port: 9999 })
    expect(connectTo('[::]:9999')).toEqual({ host: '::1', port: 9999 })
    expect(isLocalSocket(parseSocketAddress('0.0.0.0:9999'))).toBe(false)
  })
})
