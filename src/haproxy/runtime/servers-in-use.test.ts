import { expect, it } from 'vitest'
import { serversInUse } from './servers-in-use.ts'

type Case = { admin: number; sessions: number; cookie: string }

/** Whether the one server of `app` is in use. */
function isInUse({ admin, sessions, cookie }: Case): boolean {
  const servers = `1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_port
3 app 1 a 10.0.0.1 2 ${admin} 1 80
`
  const statistics = `# pxname,svname,scur,stot,type,cookie,
app,a,${sessions},7,2,${cookie},
`
  return serversInUse(servers, statistics).length === 1
}

const ready = 0
const maintenance = 1
const draining = 8

it('takes a server that is ready for one in use', () => {
  expect(isInUse({ admin: ready, sessions: 0, cookie: '' })).toBe(true)
})

it.each([draining, maintenance])('takes one with a session for one in use (%i)', (admin) => {
  expect(isInUse({ admin, sessions: 1, cookie: '' })).toBe(true)
  expect(isInUse({ admin, sessions: 0, cookie: '' })).toBe(false)
})

it('takes one that drains and keeps its clients by a cookie for one in use', () => {
  expect(isInUse({ admin: draining, sessions: 0, cookie: 'abc' })).toBe(true)
  expect(isInUse({ admin: maintenance, sessions: 0, cookie: 'abc' })).toBe(false)
})

it('takes one of which nothing is known for one in use', () => {
  const header =
    '1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_port'
  const [server] = serversInUse(`${header}\n3 app 1 a 10.0.0.1 2 8 1 80\n`, '')
  expect(server).toMatchObject({ name: 'a', address: '10.0.0.1' })
})
