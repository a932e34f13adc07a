import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HaproxyRunner } from '../../src/haproxy/process/runner.ts'
import { parseInfo } from '../../src/haproxy/runtime/info.ts'
import { parseMap, parseMapPaths } from '../../src/haproxy/runtime/maps.ts'
import { refusalOf } from '../../src/haproxy/runtime/replies.ts'
import { parseServers } from '../../src/haproxy/runtime/servers.ts'
import { parseStatistics } from '../../src/haproxy/runtime/statistics.ts'
import { HaproxyLab } from './haproxy-lab.ts'

/** What the real HAProxy and the one in memory must do alike. */
export function describeHaproxyRunner(
  name: string,
  make: (lab: HaproxyLab) => HaproxyRunner,
  program?: string,
): void {
  describe(`HAProxy ${name}`, () => {
    let lab: HaproxyLab
    let haproxy: HaproxyRunner

    beforeEach(async () => {
      lab = await HaproxyLab.open(program)
      haproxy = make(lab)
      await lab.write(
        lab.desired([
          { name: 'a', port: 9, weight: 5 },
          { name: 'b', port: 9, admin: 'maint', check: true },
        ]),
      )
      await haproxy.start()
    })

    afterEach(() => lab.close())

    const servers = async (backend = 'app') =>
      parseServers((await haproxy.execute([`show servers state ${backend}`]))[0] ?? '')
    const refusals = async (...commands: string[]) =>
      (await haproxy.execute(commands)).map((reply) => refusalOf(reply) ?? 'done')

    it('lists the servers of the text it loaded', async () => {
      const found = await servers()
      expect([...found.keys()]).toEqual(['app/a', 'app/b'])
      expect(found.get('app/a')).toMatchObject({
        address: '127.0.0.1',
        port: 9,
        weight: 5,
        admin: 'ready',
        operational: 'running',
      })
      expect(found.get('app/b')).toMatchObject({
        admin: 'maint',
        operational: 'stopped',
        weight: 1,
      })
    })

    it('adds a server in maintenance and makes it ready at once, also with a check', async () => {
      expect(
        await refusals(
          'add server app/c 127.0.0.2:81 check weight 7 pool-max-conn -1',
          'enable health app/c',
        ),
      ).toEqual(['done', 'done'])
      expect((await servers()).get('app/c')).toMatchObject({
        address: '127.0.0.2',
        port: 81,
        weight: 7,
        admin: 'maint',
      })
      await refusals('set server app/c state ready', 'set server app/b state ready')
      expect((await servers()).get('app/c')).toMatchObject({
        admin: 'ready',
        operational: 'running',
      })
      expect((await servers()).get('app/b')).toMatchObject({
        admin: 'ready',
        operational: 'running',
      })
    })

    it('changes weight, address and state, also of a server in maintenance', async () => {
      await refusals(
        'set server app/b addr 127.0.0.3 port 82',
        'set server app/b weight 9',
        'set server app/a weight 0',
        'set server app/a state drain',
      )
      const found = await servers()
      expect(found.get('app/b')).toMatchObject({
        address: '127.0.0.3',
        port: 82,
        weight: 9,
        admin: 'maint',
      })
      expect(found.get('app/a')).toMatchObject({ weight: 0, admin: 'drain' })
    })

    it('knows IPv6 addresses', async () => {
      await refusals('add server app/v6 [::1]:83', 'set server app/a addr ::2 port 84')
      const found = await servers()
      expect(found.get('app/v6')).toMatchObject({ address: '::1', port: 83 })
      expect(found.get('app/a')).toMatchObject({ address: '::2', port: 84 })
    })

    it('deletes only servers in maintenance', async () => {
      expect(
        await refusals(
          'del server app/a',
          'set server app/a state maint',
          'del server app/a',
          'del server app/a',
        ),
      ).toEqual([
        'Only servers in maintenance mode can be deleted.',
        'done',
        'done',
        'No such server.',
      ])
      expect([...(await servers()).keys()]).toEqual(['app/b'])
    })

    it('answers a refused command as a reply, and does those after it', async () => {
      const replies = await refusals(
        'set server app/zz state maint',
        'no such command',
        'add server nope/x 127.0.0.1:1',
        'set server app/a weight 3',
      )
      expect(replies[0]).toBe('No such server.')
      expect(replies[1]).toMatch(/^Unknown command/)
      expect(replies[2]).toBe('No such backend.')
      expect(replies[3]).toBe('done')
      expect((await servers()).get('app/a')?.weight).toBe(3)
    })

    it('refuses to send what would be more than one command', async () => {
      for (const command of ['show info\nshow stat', 'show info;show stat', 'add map x <<', '']) {
        await expect(haproxy.execute(['set server app/a weight 1', command])).rejects.toMatchObject(
          { code: 'haproxy_refused' },
        )
      }
      expect((await servers()).get('app/a')?.weight).toBe(5)
    })

    it('changes map entries', async () => {
      const path = lab.mapPath
      const entries = async () => parseMap((await haproxy.execute([`show map ${path}`]))[0] ?? '')
      expect(parseMapPaths((await haproxy.execute(['show map']))[0] ?? '')).toEqual([path])
      expect(
        await refusals(`add map ${path} y.test other`, `set map ${path} x.test other`),
      ).toEqual(['done', 'done'])
      expect(await entries()).toEqual([
        { key: 'x.test', value: 'other' },
        { key: 'y.test', value: 'other' },
      ])
      expect(
        await refusals(
          `del map ${path} x.test`,
          `del map ${path} x.test`,
          `set map ${path} zz app`,
        ),
      ).toEqual(['done', 'Key not found.', 'entry not found.'])
      expect(await entries()).toEqual([{ key: 'y.test', value: 'other' }])
      expect(await refusals(`add map ${path}x a b`)).toEqual([
        'Unknown map identifier. Please use #<id> or <file>.',
      ])
    })

    it('forgets at a reload what was only changed by commands, and has a new worker', async () => {
      await refusals('add server app/c 127.0.0.1:81', 'set server app/a weight 9')
      const before = haproxy.workerPid
      await lab.write(lab.desired([{ name: 'a', port: 9, weight: 2 }]))
      await haproxy.reload()
      expect(haproxy.workerPid).not.toBe(before)
      expect(parseInfo((await haproxy.execute(['show info']))[0] ?? '')?.pid).toBe(
        haproxy.workerPid,
      )
      expect([...(await servers()).values()]).toMatchObject([{ name: 'a', weight: 2 }])
    })

    it('tells statistics of each server', async () => {
      const rows = parseStatistics((await haproxy.execute(['show stat']))[0] ?? '')
      const found = rows
        .filter((row) => row.kind === 'server')
        .map((row) => [row.proxy, row.server, row.status])
      expect(found).toEqual([
        ['app', 'a', expect.stringMatching(/^(UP|no check)$/)],
        ['app', 'b', 'MAINT'],
      ])
    })

    it('finds a text without a listener, or that cannot be read, at fault', async () => {
      await lab.write({ config: 'defaults\n  mode http\n', files: new Map(), servers: new Map() })
      await expect(haproxy.validate(haproxy.configPath)).rejects.toMatchObject({
        code: 'config_rejected',
      })
    })
  })
}
