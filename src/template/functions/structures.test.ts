import { describe, expect, it } from 'vitest'
import { isA } from '../go/values.ts'
import type { Struct } from '../go/values.ts'
import { listOf, structure, text, texts, whole } from './structures.ts'

type Host = { readonly Name: string; readonly Port: number; readonly Tags: readonly string[] }

const host = structure<Host>('test.Host', { Name: text, Port: whole, Tags: texts('test.Tags') })
const hosts = listOf(host)

const record: Host = { Name: 'a', Port: 80, Tags: ['x'] }

function fieldsOf(given: Host): Struct['fields'] {
  const { target } = host.toPointer(given)
  return isA(target, 'struct') ? target.fields : expect.fail('no struct')
}

/** A record that counts how often its fields are read. */
function counted() {
  const read: string[] = []
  const proxy = new Proxy(record, {
    get(target, name, receiver) {
      read.push(String(name))
      return Reflect.get(target, name, receiver) as unknown
    },
  })
  return { read, proxy }
}

describe('a record', () => {
  it('becomes the same pointer each time, and so does its list', () => {
    expect(host.toPointer(record)).toBe(host.toPointer(record))
    expect(host.toPointer({ ...record })).not.toBe(host.toPointer(record))
    const list = [record, record]
    expect(hosts.toGo(list)).toBe(hosts.toGo(list))
    expect(hosts.toGo(list).items[1]).toBe(host.toPointer(record))
  })

  it('is read only where it is looked at', () => {
    const { read, proxy } = counted()
    const fields = fieldsOf(proxy)
    expect(read).toEqual([])
    expect(fields.get('Port')).toBe(80n)
    expect(read).toEqual(['Port'])
  })

  it('has the fields of its type, in their order, and no others', () => {
    const fields = fieldsOf(record)
    const names = ['Name', 'Port', 'Tags']
    expect([...host.type.fields.keys()]).toEqual(names)
    expect([...fields.keys()]).toEqual(names)
    expect(fields.size).toBe(3)
    expect([fields.has('Port'), fields.has('toString')]).toEqual([true, false])
    expect(fields.get('constructor')).toBeUndefined()
    expect([...fields].map(([name, value]) => [name, value === fields.get(name)])).toEqual(
      names.map((name) => [name, true]),
    )
    expect([...fields.values()].slice(0, 2)).toEqual(['a', 80n])
    const told: string[] = []
    fields.forEach((_, name) => told.push(name))
    expect(told).toEqual(names)
  })
})
