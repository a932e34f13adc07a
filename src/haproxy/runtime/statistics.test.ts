import { describe, expect, it } from 'vitest'
import { parseInfo } from './info.ts'
import { parseMapFile } from './maps.ts'
import { parseServers } from './servers.ts'
import { parseStatistics } from './statistics.ts'

describe('what HAProxy prints', () => {
  it('finds statistics by the names of columns, and reads quoted cells', () => {
    const csv =
      '# pxname,svname,new,scur,stot,bin,bout,status,type,last_chk,req_tot,\napp,"a,""b""",9,1,20,3,4,DOWN 1/2,2,"Layer4, refused",,\nweb,FRONTEND,,2,5,0,0,OPEN,0,,7,\n'
    const [server, frontend] = parseStatistics(csv)
    expect(server).toMatchObject({
      kind: 'server',
      proxy: 'app',
      server: 'a,"b"',
      status: 'DOWN 1/2',
      sessions: 1,
      requests: 20,
    })
    expect(server?.columns.get('last_chk')).toBe('Layer4, refused')
    expect(frontend).toMatchObject({ kind: 'frontend', requests: 7, sessions: 2 })
    expect(parseStatistics('[3]: Permission denied.')).toEqual([])
  })

  it('tells maintenance by command from one that the file once said', () => {
    const header =
      '1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_port'
    const admin = (bits: number) =>
      parseServers(`${header}\n3 app 1 a 1.2.3.4 2 ${bits} 1 80`).get('app/a')?.admin
    expect([0, 4, 1, 5, 2, 8, 16, 9, 32, 64].map(admin)).toEqual([
      'ready',
      'ready',
      'maint',
      'maint',
      'maint',
      'drain',
      'drain',
      'maint',
      'maint',
      'maint',
    ])
    expect(parseServers(`${header}\n3 app 1 a - 0 32 1 80`).get('app/a')?.address).toBe('')
    expect(parseServers("[3]: Can't find backend.").size).toBe(0)
  })

  it('knows a worker that is stopping', () => {
    expect(parseInfo('Name: HAProxy\nPid: 12\nStopping: 1\nVersion: 2.6.12')).toMatchObject({
      pid: 12,
      isStopping: true,
    })
    expect(parseInfo('nothing')).toBe(undefined)
  })

  it('reads map files as HAProxy does', () => {
    expect(parseMapFile('# comment\n\n  a.test\tapp \nb.test  two words\r\nalone\n')).toEqual([
      { key: 'a.test', value: 'app' },
      { key: 'b.test', value: 'two words' },
      { key: 'alone', value: '' },
    ])
  })
})
