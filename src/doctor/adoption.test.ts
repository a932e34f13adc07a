import { describe, expect, it } from 'vitest'
import { differencesOf } from './adoption.ts'

const text = 'backend app\n  server a 10.0.0.1:80\n'

describe('the servers of a text and of HAProxy', () => {
  const server = (address: string, port: number) => ({
    backend: 'app',
    name: '',
    address,
    port,
    weight: 1,
    admin: 'ready' as const,
    operational: 'running' as const,
  })

  it('are compared by name, address and port', () => {
    const config = `${text}  server b 10.0.0.2:80\n  server c name.test:80\n  server d 10.0.0.4:80\n`
    const has = new Map([
      ['app/a', server('10.0.0.1', 80)],
      ['app/b', server('10.0.0.9', 80)],
      ['app/c', server('10.9.9.9', 81)],
      ['app/z', server('10.0.0.1', 80)],
    ])
    expect(differencesOf(config, has)).toEqual([
      'app/b is at 10.0.0.9, not 10.0.0.2',
      'app/c is at port 81, not 80',
      'app/d is in the text only',
      'app/z is in HAProxy only',
    ])
  })

  it('are not missed where the text makes them from a template', () => {
    const config = text.replace('server a 10.0.0.1:80', 'server-template w 3 app.test:80')
    expect(differencesOf(config, new Map([['app/w1', server('10.0.0.1', 80)]]))).toEqual([])
  })
})
