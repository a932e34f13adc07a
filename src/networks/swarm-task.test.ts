import { describe, expect, it } from 'vitest'
import { decide, reachOf, type JoinState, type Member } from './decide.ts'
import { memberOf } from './home.ts'
import type { NetworkDetails } from './rules.ts'

const apps = { id: 'net-apps', name: 'apps' }
const overlay: NetworkDetails = {
  name: 'apps',
  driver: 'overlay',
  scope: 'swarm',
  isAttachable: true,
  isIngress: false,
  isInternal: false,
  subnets: ['10.0.1.0/24'],
}
const bridge: NetworkDetails = { ...overlay, driver: 'bridge', scope: 'local' }

const member = (id: string, more: Partial<Member> = {}): Member => ({
  id,
  name: id,
  isRunning: true,
  publishedOn: { kind: 'free' },
  attached: new Map(),
  ...more,
})

function state(haproxy: Member, details = overlay, own?: Member): JoinState {
  return {
    rules: { isOn: true, only: [], never: [] },
    haproxy,
    own,
    details: new Map([[apps.id, details]]),
    wants: new Map([[apps.id, { name: apps.name, untilMs: undefined }]]),
    failures: new Map(),
    leaving: new Set(),
    areWantsComplete: true,
    areLocalWantsComplete: true,
    nowMs: 0,
  }
}

describe("HAProxy's container is a task of a swarm's service", () => {
  const task = member('haproxy', { isSwarmTask: true })

  it("is not attached to the swarm's networks, whose addresses Docker would give out twice", () => {
    expect(decide(state(task)).join).toBeUndefined()
    expect(reachOf(apps, state(task))).toMatchObject({
      kind: 'refused',
      hint: expect.stringContaining('docker service update --network-add apps') as string,
    })
  })

  it('nor to networks that the daemon does not list, which may be such', () => {
    const unlisted = { ...state(task), details: new Map() }
    expect(decide(unlisted).join).toBeUndefined()
    expect(reachOf(apps, unlisted).kind).toBe('refused')
  })

  it('reaches those that its service is on', () => {
    const there = member('haproxy', {
      isSwarmTask: true,
      attached: new Map([[apps.id, { name: 'apps', isOurs: false }]]),
    })
    expect(reachOf(apps, state(there)).kind).toBe('reached')
  })

  it('is taken out of one that it was attached to', () => {
    const there = member('haproxy', {
      isSwarmTask: true,
      attached: new Map([[apps.id, { name: 'apps', isOurs: true }]]),
    })
    expect(decide(state(there)).leave).toHaveLength(1)
  })

  it("is attached to this host's own networks", () => {
    expect(decide(state(task, bridge)).join?.member.id).toBe('haproxy')
  })
})

it("fairlead's own container, a task, is left where it is when HAProxy's is none", () => {
  const haproxy = member('haproxy', {
    attached: new Map([[apps.id, { name: 'apps', isOurs: true }]]),
  })
  const own = member('fairlead', { isSwarmTask: true })
  expect(decide(state(haproxy, overlay, own)).join).toBeUndefined()
})

it.each([
  [{ 'com.docker.swarm.task.id': 'abc' }, true],
  [{}, false],
])('a container with the labels %o: a task: %s', (Labels, isSwarmTask) => {
  expect(memberOf({ Id: 'x', Config: { Labels } }, 'default').isSwarmTask).toBe(isSwarmTask)
})
