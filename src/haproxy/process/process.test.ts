import { once } from 'node:events'
import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../../test/support/ports.ts'
import { StagedFiles, sweepStaged } from '../apply/staged-files.ts'
import { bindsOf, parseBind, probeBinds } from './binds.ts'
import { findHaproxy } from './program.ts'
import { readRunRecord, writeRunRecord } from './run-record.ts'
import { startTicksOf } from '../../support/process-identity.ts'
import { parseMessages } from './validate.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fl-process-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

describe('the haproxy program', () => {
  it('is found with its version', async () => {
    expect((await findHaproxy('haproxy')).version).toMatch(/^\d+\.\d+/)
  })

  it('is missing with the command that installs it', async () => {
    await expect(findHaproxy(join(folder, 'haproxy'))).rejects.toMatchObject({
      code: 'haproxy_missing',
      hint: expect.stringContaining('apt-get install haproxy'),
    })
  })

  it('is refused when it is too old or something else', async () => {
    const path = join(folder, 'old')
    await writeFile(
      path,
      '#!/bin/sh\necho "HA-Proxy version 2.4.22-1 2023/02/14 - https://haproxy.org/"\n',
    )
    await chmod(path, 0o755)
    await expect(findHaproxy(path)).rejects.toMatchObject({
      code: 'haproxy_too_old',
      message: expect.stringContaining('2.4.22'),
    })
    await expect(findHaproxy('true')).rejects.toMatchObject({ code: 'haproxy_missing' })
  })
})

describe('what haproxy -c says', () => {
  it('is read in the forms of 2.6 and 3.2, with continued lines', () => {
    const text = [
      "[ALERT]    (12) : config : parsing [/s/h.cfg:5] : unknown keyword 'x' in 'frontend' section",
      "[ALERT]    (12) : config : [/s/h.cfg:9] : 'server a' : no port",
      '  | continued',
      '             ^',
      '[WARNING]  (12) : parsing [/s/h.cfg:7]: later form',
      '[ALERT]    (12) : Binding [/s/h.cfg:13] for frontend web: cannot bind socket',
      '[ALERT]    (12) : config : Fatal errors found in configuration.',
      '',
    ].join('\n')
    expect(parseMessages(text).map(({ level, line, text }) => `${level} ${line} ${text}`)).toEqual([
      "alert 5 unknown keyword 'x' in 'frontend' section",
      "alert 9 'server a' : no port | continued",
      'warning 7 later form',
      'alert 13 Binding [/s/h.cfg:13] for frontend web: cannot bind socket',
      'alert undefined Fatal errors found in configuration.',
    ])
  })
})

describe('bind addresses', () => {
  it('are read from bind lines, as far as they are TCP addresses', () => {
    const config =
      'frontend f\n  bind 127.0.0.1:80,[::1]:81 ssl crt /x\n\tbind *:82\n  bind :83\n  bind :::84\n  bind /run/s.sock\n  bind host:85\n  # bind 1.1.1.1:1\n  bind ipv6@[::2]:86\n  bind "127.0.0.2:87"\n'
    expect(bindsOf(config).map(({ address, port }) => `${address} ${port}`)).toEqual([
      '127.0.0.1 80',
      '::1 81',
      '0.0.0.0 82',
      '0.0.0.0 83',
      ':: 84',
      '::2 86',
      '127.0.0.2 87',
    ])
    expect(parseBind('${ADDR}:80')).toBe(undefined)
  })

  it('are free, in use by someone who is named, or not ours', async () => {
    const server = createServer()
    const port = await freePort()
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const bind = { address: '127.0.0.1', port }
    await expect(probeBinds([bind])).rejects.toMatchObject({
      code: 'address_in_use',
      message: expect.stringContaining(`127.0.0.1:${port} is in use by`),
    })
    await expect(probeBinds([{ address: '0.0.0.0', port }])).rejects.toMatchObject({
      code: 'address_in_use',
    })
    await probeBinds([bind, { address: '0.0.0.0', port }], { pids: [process.pid] })
    await new Promise((resolve) => server.close(resolve))
    await probeBinds([bind, { address: '::1', port }])
    await expect(probeBinds([{ address: '192.0.2.1', port }])).rejects.toMatchObject({
      code: 'address_unavailable',
    })
  })
})

describe('the run record', () => {
  it('comes back, and is as good as none when it is not whole', async () => {
    const path = join(folder, 'running.json')
    const record = { masterPid: 1, masterStartTicks: 2, workerPid: 3 }
    await writeRunRecord(path, record)
    expect(await readRunRecord(path)).toEqual(record)
    for (const text of [
      '{"masterPid":1',
      '[]',
      'null',
      '{"masterPid":"1","masterStartTicks":2,"workerPid":3}',
    ]) {
      await writeFile(path, text)
      expect(await readRunRecord(path)).toBe(undefined)
    }
    expect(await readRunRecord(join(folder, 'none'))).toBe(undefined)
  })

  it('tells a process by its start time', () => {
    expect(startTicksOf(process.pid)).toBeGreaterThan(0)
    expect(startTicksOf(process.pid)).toBe(startTicksOf(process.pid))
    expect(startTicksOf(2 ** 22 + 1)).toBe(undefined)
  })
})

describe('staged files', () => {
  it('change nothing until they are committed, and come back by a rollback', async () => {
    const [old, fresh] = [join(folder, 'old'), join(folder, 'deep', 'fresh')]
    await writeFile(old, 'one')
    const staged = await StagedFiles.write([
      [old, 'two'],
      [fresh, 'new'],
    ])
    expect(await readFile(old, 'utf8')).toBe('one')
    expect(await readFile(staged.temporaryOf(old), 'utf8')).toBe('two')
    await staged.commit({ except: old })
    expect([await readFile(old, 'utf8'), await readFile(fresh, 'utf8')]).toEqual(['one', 'new'])
    await staged.commit()
    expect(await readFile(old, 'utf8')).toBe('two')
    await staged.rollback()
    expect(await readFile(old, 'utf8')).toBe('one')
    expect([await readdir(folder), await readdir(join(folder, 'deep'))]).toEqual([
      ['deep', 'old'],
      [],
    ])
  })

  it('that a killed fairlead left behind are removed, and nothing else', async () => {
    const path = join(folder, 'haproxy.cfg')
    for (const name of ['', '.12.0123abcd.tmp', '.12.0123abcd.old', '.old'])
      await writeFile(path + name, '')
    await writeFile(join(folder, 'other.12.0123abcd.tmp'), '')
    await sweepStaged([path, join(folder, 'none', 'x')])
    expect((await readdir(folder)).sort()).toEqual([
      'haproxy.cfg',
      'haproxy.cfg.old',
      'other.12.0123abcd.tmp',
    ])
  })

  it('leave nothing over when one cannot be written', async () => {
    await writeFile(join(folder, 'file'), '')
    const staging = StagedFiles.write([
      [join(folder, 'a'), 'x'],
      [join(folder, 'file', 'b'), 'y'],
    ])
    await expect(staging).rejects.toMatchObject({ code: 'state_unwritable' })
    expect(await readdir(folder)).toEqual(['file'])
  })
})
