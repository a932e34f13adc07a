import { beforeEach, describe, expect, it } from 'vitest'
import { ConfigRejectedError } from '../../haproxy/runtime/errors.ts'
import type { AdminState, DesiredState } from '../../model/desired-state.ts'
import { RefusedStructure } from './refused-structure.ts'

function stateOf(config: string, servers: Readonly<Record<string, AdminState>> = {}): DesiredState {
  return { config, files: new Map(), servers: new Map(Object.entries(servers)) }
}

const web = (setting: string, ...servers: readonly string[]): string =>
  `backend web\n  ${setting}\n${servers.map((each) => `  server ${each}\n`).join('')}`

const rejected = new ConfigRejectedError('HAProxy rejects it', [])

let refused: RefusedStructure
const good = stateOf(web('balance source', 'a 10.0.0.1:80', 'b 10.0.0.2:80'))

beforeEach(() => {
  refused = new RefusedStructure()
  refused.applied(good)
})

describe('a text that HAProxy refuses', () => {
  it('leaves the structure before, with the servers of now and their states', () => {
    const bad = stateOf(web('no such', 'b 10.0.0.2:80', 'c 10.0.0.3:80'), { 'web/b': 'drain' })
    expect(refused.steer(bad)).toBe(bad)
    expect(refused.failed(rejected, bad)).toBe(true)
    const steered = refused.steer(bad)
    expect(steered.config).toBe(web('balance source', 'b 10.0.0.2:80', 'c 10.0.0.3:80'))
    expect([...steered.servers]).toEqual([['web/b', 'drain']])
    expect(refused.problems()).toMatchObject([{ what: 'HAProxy rejects it' }])
    refused.applied(steered)
    const fewer = stateOf(web('no such', 'c 10.0.0.3:80'))
    expect(refused.steer(fewer).config).toBe(web('balance source', 'c 10.0.0.3:80'))
  })

  it('is over with the first text of another structure', () => {
    const bad = stateOf(web('no such', 'a 10.0.0.1:80'))
    refused.failed(rejected, bad)
    const mended = stateOf(web('balance leastconn', 'a 10.0.0.1:80'))
    expect(refused.steer(mended)).toBe(mended)
    expect(refused.problems()).toEqual([])
  })

  it('only takes servers away where HAProxy refuses the servers, until these are others', () => {
    const bad = stateOf(web('balance source', 'b 10.0.0.2:80', 'c 10.0.0.3:80 no-such'))
    refused.failed(rejected, bad)
    const first = refused.steer(bad)
    expect(refused.failed(rejected, first)).toBe(true)
    expect(refused.steer(bad).config).toBe(web('balance source', 'b 10.0.0.2:80'))
    expect(refused.failed(rejected, refused.steer(bad))).toBe(false)
    const other = stateOf(web('balance source', 'b 10.0.0.2:80', 'c 10.0.0.3:80'))
    expect(refused.steer(other)).toBe(other)
  })

  it('leaves all as it is where the two have no backend in common, or nothing is in force', () => {
    const bad = stateOf('backend other\n  no such\n  server a 10.0.0.1:80\n')
    expect(refused.failed(rejected, bad)).toBe(true)
    expect(refused.steer(bad)).toBe(good)
    expect(new RefusedStructure().failed(rejected, bad)).toBe(false)
  })

  it('is none where applying failed for another reason', () => {
    expect(refused.failed(new Error('busy'), stateOf(web('no such')))).toBe(false)
  })
})
