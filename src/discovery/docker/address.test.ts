import { describe, expect, it } from 'vitest'
import {
  direct,
  endpoints,
  inspect,
  problems,
  published,
  remote,
  rows,
} from '../../../test/support/container-sketch.ts'
import type { Sketch } from '../../../test/support/container-sketch.ts'

describe('addresses', () => {
  const two = { alpha: { ip: '10.1.0.2' }, beta: { ip: '10.2.0.2' } }
  const exposed = ['80/tcp']
  const addressOf = (sketch: Sketch, context = direct): string | undefined =>
    endpoints({ exposed, ...sketch }, context)[0]?.address

  it('prefers label, then setting, then NetworkMode, then the first by name', () => {
    const networks = { ...two, gamma: { ip: '10.3.0.2' } }
    const setting = { ...direct, network: 'beta' }
    expect(addressOf({ networks, mode: 'gamma' })).toBe('10.3.0.2')
    expect(addressOf({ networks, mode: 'other' })).toBe('10.1.0.2')
    expect(addressOf({ networks, mode: 'gamma' }, setting)).toBe('10.2.0.2')
    const labels = { 'fairlead.network': 'alpha' }
    expect(addressOf({ networks, mode: 'gamma', labels }, setting)).toBe('10.1.0.2')
    expect(addressOf({ networks: two, mode: 'net-bridge' })).toBe('10.1.0.2')
  })

  it('prefers a network that HAProxy reaches to NetworkMode', () => {
    const networks = { ov: { driver: 'overlay', ip: '10.0.9.2' }, beta: { ip: '10.2.0.2' } }
    expect(addressOf({ networks, mode: 'ov' })).toBe('10.2.0.2')
    const inContainer = { ...direct, haproxyNetworks: new Set(['ov']) }
    expect(addressOf({ networks, mode: 'beta' }, inContainer)).toBe('10.0.9.2')
  })

  it('takes the IPv6 address where there is no other', () => {
    expect(addressOf({ networks: { bridge: { ip6: 'fd00::5' } } })).toBe('fd00::5')
  })

  it('refuses a labelled network that the container is not on', () => {
    const sketch = { exposed, networks: two, labels: { 'fairlead.network': 'web' } }
    expect(addressOf(sketch)).toBeUndefined()
    expect(problems(sketch)).toEqual([
      'label fairlead.network names "web", a network it has no address on',
    ])
  })

  it.each(['overlay', 'macvlan', 'ipvlan'])(
    'shows that a %s network cannot be reached',
    (driver) => {
      const networks = { n: { driver, ip: '10.0.9.2' } }
      const sketch = { exposed, networks, mode: 'n' }
      expect(rows(sketch)).toEqual([])
      expect(problems(sketch)[0]).toContain(`network "n" (${driver}) cannot be reached`)
      expect(rows({ ...sketch, ports: { '80/tcp': [8000] } })).toEqual([
        'host1:a:80 | web | 127.0.0.1:8000',
      ])
      expect(problems({ ...sketch, ports: { '80/tcp': [8000] } })).toEqual([])
    },
  )

  it('reaches a host-network container at the loopback, a remote one at its daemon', () => {
    const sketch = { exposed: ['80/tcp', '8443/tcp'], mode: 'host', networks: { host: {} } }
    expect(rows(sketch)).toEqual([
      'host1:a:80 | web-80 | 127.0.0.1:80',
      'host1:a:8443 | web-8443 | 127.0.0.1:8443',
    ])
    expect(addressOf({ mode: 'host', networks: {} }, remote)).toBe('192.0.2.7')
    expect(addressOf({ mode: 'host', networks: {} }, published)).toBe('10.0.0.9')
  })

  it('uses the published port at the address of a remote daemon, or a network shared with HAProxy', () => {
    const sketch = { exposed, ports: { '80/tcp': [8000] } }
    expect(rows(sketch, remote)).toEqual(['host1:a:80 | web | 192.0.2.7:8000'])
    expect(rows(sketch, { ...remote, haproxyNetworks: new Set(['bridge']) })).toEqual([
      'host1:a:80 | web | 172.17.0.5:80',
    ])
    expect(problems({ exposed }, remote)).toEqual([
      'network "bridge" of the remote host host1 cannot be reached from here; port 80 not published on host',
    ])
    expect(problems(sketch, { ...remote, daemonAddress: undefined }).at(-1)).toContain(
      'at which address is not known',
    )
  })

  it('keeps a concrete binding address, but not a loopback of another machine', () => {
    const local = { ...published, publishedAddress: undefined }
    const at = (host: string): Sketch => ({ exposed, ports: { '80/tcp': [host] } })
    expect(rows(at('192.0.2.1:8000'), published)).toEqual(['host1:a:80 | web | 192.0.2.1:8000'])
    expect(rows(at('127.0.0.1:8000'), local)).toEqual(['host1:a:80 | web | 127.0.0.1:8000'])
    expect(rows(at(':::8000'), local)).toEqual(['host1:a:80 | web | ::1:8000'])
    expect(problems(at('127.0.0.1:8000'), remote).at(-1)).toContain('loopback of host1 only')
  })

  it('reaches a container in the network of another one at that one, also on a user network', () => {
    const networkOwner = inspect({
      name: 'pod',
      mode: 'mynet',
      networks: { mynet: { ip: '10.5.0.3' } },
    })
    const sketch = {
      name: 'sidecar',
      exposed: ['9102/tcp'],
      mode: `container:${'f'.repeat(64)}`,
      networks: {},
    }
    const row = 'host1:sidecar:9102 | web | 10.5.0.3:9102'
    expect(rows(sketch, { ...direct, networkOwner })).toEqual([row])
    expect(rows(sketch, { ...published, networkOwner })).toEqual([row])
    expect(problems(sketch)).toEqual(['shares the network of another container that is gone'])
  })

  it('leaves out what has no network, no port, or does not run', () => {
    expect(problems({ exposed, mode: 'none', networks: {} })).toEqual([
      'has no network (--network none)',
    ])
    const later = { mode: 'none', networks: { mynet: { ip: '10.5.0.3' } } }
    expect(rows({ exposed, ...later })).toEqual(['host1:a:80 | web | 10.5.0.3:80'])
    expect(problems({ exposed, networks: {} })).toEqual([
      'has no address on any network; port 80 not published on host',
    ])
    expect(problems({})).toEqual(['has no exposed port'])
    expect(problems({ exposed, state: { Running: false, Status: 'exited' } })).toEqual([
      'is not running (exited)',
    ])
    expect(problems({ exposed, state: { Restarting: true, ExitCode: 3 } })).toEqual([
      'is restarting after it ended with code 3',
    ])
  })
})
