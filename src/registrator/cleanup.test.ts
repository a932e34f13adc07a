import { expect, it } from 'vitest'
import type { Registered } from '../registration/backend.ts'
import { danglingByName } from './cleanup.ts'

function registered(entry: string): Registered {
  const [id = '', name = ''] = entry.split('/')
  return { id, name, address: '', port: 80, tags: [], meta: {}, enableTagOverride: false }
}

function dangling(container: string, ...entries: readonly string[]): string[] {
  const unwanted = entries.map(registered)
  return danglingByName(unwanted, [{ name: 'web', container }], 'host1').map(({ id }) => id)
}

const others = [
  'host1:a:81/web',
  'host1:a:80:udp/other',
  'host1:gone:80/web',
  'host2:gone:80/web',
  'custom/x',
  'host1:b:80/web',
  'host1:gone:80:tcp/web',
  'host1:ab:http/web',
]

it('removes services of containers that are gone, and no others', () => {
  expect(dangling('a', ...others)).toEqual(['host1:gone:80'])
})

it('compares the names of service and container, not the port', () => {
  expect(dangling('bb', 'host1:bb:81/oldname', 'host1:bb:8080/web')).toEqual(['host1:bb:81'])
})

it('knows udp services', () => {
  expect(dangling('a', 'host1:gone:53:udp/dns')).toEqual(['host1:gone:53:udp'])
})
