import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseServers } from './servers.ts'

const header =
  '1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_port\n'
// Words that are a part of others, or a number as other columns have it.
const word = fc.constantFrom('a', 'aa', 'a.1', '1', '80', 'app')

it('finds a few servers among many as by reading all lines', () => {
  const server = fc.record({ backend: word, name: word, weight: fc.nat(3) })
  fc.assert(
    fc.property(fc.array(server), fc.uniqueArray(word), word, (servers, names, backend) => {
      const lines = servers.map(
        (each, index) => `${index} ${each.backend} 1 ${each.name} 10.0.0.1 2 0 ${each.weight} 80\n`,
      )
      const reply = header + lines.join('')
      const only = new Set(names.map((name) => `${backend}/${name}`))
      const all = [...parseServers(reply)].filter(([key]) => only.has(key))
      expect([...parseServers(reply, only)]).toEqual(all)
      const many = new Set([...only, ...Array.from({ length: 20 }, (_, index) => `none/${index}`)])
      expect([...parseServers(reply, many)]).toEqual(all)
    }),
  )
})
