import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { DesiredState } from '../../model/desired-state.ts'
import { modelOf, readBack, remove, run } from '../../../test/support/diff-interpreter.ts'
import type { Model } from '../../../test/support/diff-interpreter.ts'
import { serverContent, stateOf } from '../../../test/support/diff-states.ts'
import { capabilitiesOf } from '../capabilities.ts'
import { planChanges } from './plan-changes.ts'

// States whose backends come and go: each has some of four backends with servers in them, and hosts
// that lead to those.

const names = ['one', 'two', 'three', 'four']
const mapPath = '/maps/hosts.map'
const content = fc.record({
  backends: fc.dictionary(fc.constantFrom(...names), serverContent),
  hosts: fc.dictionary(fc.constantFrom('a.test', 'b.test', 'c.test'), fc.nat(3)),
})
type Content = typeof content extends fc.Arbitrary<infer T> ? T : never

function stateWith({ backends, hosts }: Content): DesiredState {
  const shared = { inherited: [], own: [], isV6: false }
  const present = Object.keys(backends)
  const servers = new Map<string, 'ready' | 'drain' | 'maint'>()
  const sections = Object.entries(backends).map(([name, drawn]) => {
    const { config, servers: states } = stateOf(shared, drawn)
    const [, lines = ''] = /\nbackend app\n.*\n((?: {2}server .*\n)*)/.exec(config) ?? []
    for (const [key, state] of states) {
      if (key.startsWith('app/')) servers.set(key.replace('app/', `${name}/`), state)
    }
    return `backend ${name} from plain\n${lines}`
  })
  const head = `defaults base
  mode http
defaults plain from base
  balance roundrobin
frontend web from base
  use_backend %[req.hdr(host),map_str(${mapPath})]
`
  const entries = Object.entries(hosts).flatMap(([host, index]) => {
    const backend = present[index % Math.max(1, present.length)]
    return backend === undefined ? [] : [`${host} ${backend}\n`]
  })
  const files = new Map([[mapPath, entries.join('')]])
  return { config: head + sections.join(''), files, servers }
}

const backendsOf = (model: Model) =>
  new Map([...model.backends].map(([name, isPublished]) => [name, { isPublished }]))
const capabilities = capabilitiesOf('3.4.7')

it('makes and ends backends, and no host ever leads to one that is not there', () => {
  fc.assert(
    fc.property(content, content, (first, second) => {
      const [from, to] = [stateWith(first), stateWith(second)]
      const model = modelOf(from)
      const base = { ...from, servers: readBack(model), backends: backendsOf(model) }
      const plan = planChanges(base, to, capabilities)
      expect(plan.kind === 'reload' ? plan.reasons : []).toEqual([])
      if (plan.kind !== 'runtime') return
      for (const command of plan.commands) {
        run(model, command)
        for (const backend of model.maps.get(mapPath)?.values() ?? []) {
          expect(model.backends.get(backend), `after ${command}`).toBe(true)
        }
      }
      for (const id of plan.removals) remove(model, id)
      const wanted = modelOf(to)
      expect(model.backends).toEqual(wanted.backends)
      expect(readBack(model)).toEqual(readBack(wanted))
      expect(model.maps).toEqual(wanted.maps)
      const after = { ...to, servers: readBack(model), backends: backendsOf(model) }
      expect(planChanges(after, to, capabilities).kind).toBe('none')
      const agreed = { ...base, agreedStates: from.servers }
      expect(planChanges(agreed, to, capabilities)).toEqual(plan)
    }),
    { numRuns: 300 },
  )
})

it('brings back what somebody else deleted or hid, and ends what somebody else made', () => {
  fc.assert(
    fc.property(content, content, (first, second) => {
      const [wanted, other] = [stateWith(first), stateWith(second)]
      const model = modelOf(other)
      for (const name of model.backends.keys()) if (name < 'p') model.backends.set(name, false)
      const base = { ...wanted, servers: readBack(model), backends: backendsOf(model) }
      const plan = planChanges(base, wanted, capabilities)
      // Parameters that a read-back does not show are not looked at.
      if (plan.kind !== 'runtime') return
      for (const command of plan.commands) if (!command.includes(' map ')) run(model, command)
      for (const id of plan.removals) remove(model, id)
      expect(model.backends).toEqual(modelOf(wanted).backends)
      expect([...model.servers.keys()].toSorted()).toEqual(
        [...modelOf(wanted).servers.keys()].toSorted(),
      )
    }),
    { numRuns: 300 },
  )
})
