import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { haproxyPrograms } from '../support/haproxies.ts'
import { isAlive, until } from '../support/haproxy-lab.ts'
import { interpose, withServer, WrittenLab } from './support/written-lab.ts'

describe.each(haproxyPrograms())(
  'an apply that goes wrong midway, on HAProxy $line',
  ({ path }) => {
    let written: WrittenLab
    let before: number

    beforeEach(async () => {
      written = await WrittenLab.open(path)
      expect(await written.apply()).toMatchObject({ code: 0 })
      before = await written.workerPid()
    })

    afterEach(() => written.close())

    const addedServers = (text: string): string =>
      withServer('c 127.0.0.1:9 weight 0')(withServer('b 127.0.0.1:9 weight 0')(text))

    /** Starts an apply and kills it when it comes to a line that matches. */
    async function killedAt(
      socket: string,
      line: RegExp,
      file: string,
      options: { isForwarded?: boolean } = {},
    ): Promise<void> {
      const relay = await interpose(socket, line, options)
      const child = written.spawn('apply', file)
      const ended = once(child, 'close')
      await relay.reached
      child.kill('SIGKILL')
      await ended
      await relay.remove()
    }

    it('reloads where HAProxy refuses a command, and says so', async () => {
      let letAnswer = (): void => {}
      const mayAnswer = new Promise<void>((resolve) => (letAnswer = resolve))
      const slow = await written.lab.webServer('slow', mayAnswer)
      await written.edit((text) => text.replace(/server a \S+/, `server a 127.0.0.1:${slow}`))
      expect(await written.apply()).toMatchObject({ code: 0 })
      const answer = written.lab.get()
      // Another parameter means another server, and HAProxy deletes none that has a connection.
      await until('the request is under way', async () => {
        const [state = ''] = await written.ask('show stat -1 4 -1')
        return /^app,a,\d+,\d+,1,/m.test(state)
      })
      await written.edit((text) => text.replace(/(server a \S+)/, '$1 maxqueue 7'))
      const { code, stdout } = await written.apply()
      expect(code).toBe(0)
      expect(stdout).toMatch(/server a replaced/)
      expect(stdout).toMatch(/commands were not enough: HAProxy refused "del server app\/a"/)
      expect(stdout).toContain('applied by a reload')
      letAnswer()
      expect(await answer).toBe('slow')
      expect(await written.workerPid()).not.toBe(before)
      expect(await written.plan()).toMatchObject({ code: 0 })
    })

    it('killed between two commands: the next one knows that HAProxy has a part, and repairs it', async () => {
      const old = await written.text()
      const file = await written.other(addedServers)
      await killedAt(written.lab.options.workerSocket, /add server app\/c/, file)
      expect(await written.text()).toBe(old)
      const plan = await written.plan(file)
      expect(plan.stdout).toMatch(/was interrupted at .* and HAProxy may have only a part of it/)
      expect(await written.apply(file)).toMatchObject({ code: 0, stderr: '' })
      expect(await written.text()).toBe(await written.text(file))
      expect(await written.plan()).toMatchObject({ code: 0 })
      const [servers = ''] = await written.ask('show servers state app')
      expect([...servers.matchAll(/^\d+ app \d+ (\S+) /gm)].map(([, name]) => name)).toEqual([
        'a',
        'b',
        'c',
      ])
    })

    it('killed after the last command: the next one sees that HAProxy has all of it', async () => {
      const file = await written.other(withServer('b 127.0.0.1:9 weight 0'))
      await killedAt(written.lab.options.workerSocket, /show servers state app/, file)
      const plan = await written.plan(file)
      expect(plan.stdout).toMatch(/was interrupted at .*, when HAProxy had all of it/)
      expect(await written.apply(file)).toMatchObject({ code: 0, stderr: '' })
      expect(await written.text()).toBe(await written.text(file))
      expect(await written.workerPid()).toBe(before)
      expect(await written.plan()).toMatchObject({ code: 0 })
    })

    it('killed before the reload: the old files come back, then it is done whole', async () => {
      const old = await written.text()
      const file = await written.other((text) => text.replace('retries 3', 'retries 2'))
      await killedAt(written.lab.options.masterSocket, /^reload/, file)
      expect(await written.text()).toContain('retries 2')
      // Another text is applied now, whose address is busy: what is left is what HAProxy runs.
      const bad = join(written.lab.folder, 'bad.cfg')
      const port = await written.lab.webServer('other')
      await writeFile(bad, old.replace('frontend web', `frontend web\n  bind 127.0.0.1:${port}`))
      expect(await written.apply(bad)).toMatchObject({ code: 1 })
      expect(await written.text()).toBe(old)
      expect(await written.workerPid()).toBe(before)
      expect(await written.apply(file)).toMatchObject({ code: 0, stderr: '' })
      expect(await written.plan(file)).toMatchObject({ code: 0 })
    })

    it('killed during the reload: what was loaded is found on disk', async () => {
      const file = await written.other((text) => text.replace('retries 3', 'retries 2'))
      await killedAt(written.lab.options.masterSocket, /^reload/, file, { isForwarded: true })
      await until('the reload is done', async () => (await written.workerPid()) !== before)
      const after = await written.workerPid()
      const plan = await written.plan(file)
      expect(plan.stdout).toContain('nothing to do')
      expect(await written.apply(file)).toMatchObject({ code: 0, stderr: '' })
      expect(await written.workerPid()).toBe(after)
    })
  },
)

describe.each(haproxyPrograms())(
  'a worker that dies after the reload, of HAProxy $line',
  ({ path }) => {
    let written: WrittenLab

    beforeEach(async () => {
      written = await WrittenLab.open(path)
      expect(await written.apply()).toMatchObject({ code: 0 })
      const crash = 'core.register_task(function() core.msleep(1500) os.exit(1) end)\n'
      await writeFile(join(written.lab.folder, 'crash.lua'), crash)
    })

    afterEach(() => written.close())

    const withCrash = (text: string): string =>
      text.replace('global\n', `global\n  lua-load ${join(written.lab.folder, 'crash.lua')}\n`)

    it('brings the earlier text back, names the culprit, and serves when it is started again', async () => {
      const old = await written.text()
      await written.edit(withCrash)
      const bad = await written.text()
      const { pid } = written.supervisor
      const applied = written.run('apply', written.config, '--watch', '5s')
      await until('HAProxy has ended', () => !isAlive(pid))
      await until('the earlier text is back', async () => (await written.text()) === old)
      await written.supervisor.start()
      const { code, stderr } = await applied
      expect(code).toBe(1)
      expect(stderr).toMatch(/did not live with it/)
      expect(stderr).toContain(`the previous content is back in ${written.config}`)
      expect(stderr).toMatch(/HAProxy is running again/)
      expect(stderr).toMatch(/what had changed: global: lua-load \S+ added \(line 2\)/)
      expect(await written.text(`${written.config}.rejected`)).toBe(bad)
      expect(await written.lab.get()).toBe('a')
      expect(await written.plan()).toMatchObject({ code: 0 })
    })

    it('says that nobody has started it again, also where the text came from elsewhere', async () => {
      const old = await written.text()
      const file = await written.other(withCrash)
      const { code, stderr } = await written.run('apply', file, '--watch', '5s')
      expect(code).toBe(1)
      expect(stderr).toContain('nobody has started HAProxy again')
      expect(stderr).toMatch(/hint: start HAProxy/)
      expect(await written.text()).toBe(old)
      await written.supervisor.start()
      expect(await written.lab.get()).toBe('a')
    })
  },
)
