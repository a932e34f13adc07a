import { describe, expect, it } from 'vitest'
import { parseProcesses } from './master.ts'
import { refusalOf } from './replies.ts'
import { dialectFor, masterDialectFor, withSeverity } from './worker-dialects.ts'

const showProc = (...lines: string[]) =>
  ['#<PID>          <type>          <reloads>       <uptime>        <version>', ...lines, ''].join(
    '\n',
  )

describe('replies that came without their severity', () => {
  it.each([
    ['set server app/a weight 3', ''],
    ['add server app/c 127.0.0.1:9', 'New server registered.'],
    ['del server app/c', 'Server deleted.'],
    [
      'set server app/a addr 127.0.0.2',
      "IP changed from '127.0.0.1' to '127.0.0.2' by 'stats socket command'",
    ],
    ['set server app/a addr 127.0.0.2', 'nothing changed'],
    ['prepare map /x', 'New version created: 2'],
    ['add backend app from base', 'New backend registered.'],
    ['publish backend app', 'Backend published.'],
    ['add map @1 /x <<\na b\n', '+ + '],
    ['set ssl cert /c.pem <<\nx\n', '+ + Transaction created for certificate /c.pem!'],
    ['commit ssl cert /c.pem', 'Committing /c.pem\nSuccess!'],
    ['del ssl cert /c.pem', "Certificate '/c.pem' deleted!"],
    ['show map', '# id (file) description\n'],
    ['show info', 'Name: HAProxy'],
  ])('%s: %s is no refusal', (command, reply) => {
    expect(refusalOf(withSeverity(command, reply))).toBeUndefined()
  })

  it.each([
    ['set server app/zz weight 3', 'No such server.'],
    ['del server app/c', 'Server still has connections attached to it, cannot remove it.'],
    ['set server app/a weight 300', 'Absolute weight can only be between 0 and 256 inclusive.'],
    ['set server app/a weight 3', 'a word that nobody has heard yet'],
    ['commit ssl cert /c.pem', "Committing /c.pem\nCan't commit it"],
    ['no such command', "Unknown command: 'no'"],
    ['show servers state x', "Can't find backend."],
    ['show map /x', 'Unknown map identifier. Please use #<id> or <file>.'],
  ])('%s: %s is one', (command, reply) => {
    expect(refusalOf(withSeverity(command, reply))).toBe(reply.split('\n')[0])
  })
})

describe('commands for one worker', () => {
  const worker = { pid: 8, startedAtSeconds: 100 }
  const info = (pid: number, start: number) =>
    `Pid: ${pid}\nStopping: 0\nStart_time_sec: ${start}\n`

  it('are not sent to another one, also of the same pid', () => {
    const { check } = dialectFor(worker)
    expect(() => check?.(['', '', info(8, 100)])).not.toThrow()
    for (const other of [info(9, 100), info(8, 101), ''])
      expect(() => check?.(['', '', other])).toThrow(/worker 8 has gone/)
  })

  it('name it over the master, whose prompt changes after a failed reload', () => {
    const { check, line, prompt } = masterDialectFor(worker)
    expect(line?.('show info')).toBe('@!8 show info')
    expect('x\nmaster> '.split(prompt)).toEqual(['x', ''])
    expect('x\nmaster[ReloadFailed]> '.split(prompt)).toEqual(['x', ''])
    const master = '1  master  0 [failed: 0]  0d  3.0'
    const one = (pid: number) => `${pid}  worker  0  0d  3.0`
    expect(() => check?.(['', showProc(master, '# workers', one(8))])).not.toThrow()
    // An old one would still do what it is told.
    const reloaded = showProc(master, '# workers', one(9), '# old workers', one(8))
    expect(() => check?.(['', reloaded])).toThrow(/worker 8 has gone/)
  })
})

describe('the worker that takes connections', () => {
  const master = (failed: number) => `10  master  3 [failed: ${failed}]  0d  3.4`

  it('is among the old ones after a reload that failed, from 3.1', () => {
    const old = ['# workers', '# old workers', '11  worker  3  0d  3.4', '12  worker  1  0d  3.4']
    expect(parseProcesses(showProc(master(1), ...old))).toMatchObject({
      workers: [12],
      oldWorkers: [11],
    })
    expect(parseProcesses(showProc(master(0), ...old))).toMatchObject({
      workers: [],
      oldWorkers: [11, 12],
    })
  })
})
