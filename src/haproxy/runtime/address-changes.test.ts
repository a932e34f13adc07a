import { describe, expect, it } from 'vitest'
import type { RunningServer } from '../control.ts'
import { addressChanges, haveArrived, splitAfterAddresses } from './address-changes.ts'

const changed = "[4]: IP changed from '127.0.0.1' to '::2', port changed from '9' to '84' by 'x'"

describe('changes of an address', () => {
  it('end a part, so that what comes after them waits for them', () => {
    expect(splitAfterAddresses([])).toEqual([[]])
    expect(splitAfterAddresses(['show info', 'set server b/s weight 1'])).toHaveLength(1)
    expect(
      splitAfterAddresses([
        'set server b/s state maint',
        'set server b/s addr ::2 port 84',
        'set server b/t addr ::3 port 84',
        'set server b/s state ready',
        'set server b/s addr ::4 port 84',
      ]),
    ).toEqual([
      [
        'set server b/s state maint',
        'set server b/s addr ::2 port 84',
        'set server b/t addr ::3 port 84',
      ],
      ['set server b/s state ready', 'set server b/s addr ::4 port 84'],
    ])
  })

  it('are those that HAProxy announces, in its spelling, the last of a server', () => {
    const commands = [
      'set server b/s addr ::0002 port 84',
      'set server b/s addr ::2 port 85',
      'set server b/t addr ::2 port 84',
      'set server b/u addr ::2 port 84',
      'show info',
    ]
    const same = '[4]: no need to change the addr'
    expect(
      addressChanges(commands, [
        changed,
        `${same}, port changed from '84' to '85' by 'x'`,
        `${same}, no need to change the port`,
        '[3]: No such server.',
        changed,
      ]),
    ).toEqual([{ backend: 'b', id: 'b/s', address: '::2', port: 85 }])
  })

  it('have arrived when every server that is still there has its own', () => {
    const changes = addressChanges(['set server b/s addr ::2 port 84'], [changed])
    const server = { address: '::2', port: 84 } as RunningServer
    expect(haveArrived(changes, new Map([['b/s', server]]))).toBe(true)
    expect(haveArrived(changes, new Map([['b/s', { ...server, address: '::1' }]]))).toBe(false)
    expect(haveArrived(changes, new Map([['b/s', { ...server, port: 9 }]]))).toBe(false)
    expect(haveArrived(changes, new Map())).toBe(true)
  })
})
