import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ApplyReport, PlanReport } from '../../src/handwritten/report.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import { constantLoad } from '../support/haproxy-lab.ts'
import { withServer, WrittenLab } from './support/written-lab.ts'

describe.each(haproxyPrograms())('a file written by hand, on HAProxy $line', ({ path }) => {
  let written: WrittenLab
  let before: number

  beforeEach(async () => {
    written = await WrittenLab.open(path)
    before = await written.workerPid()
  })

  afterEach(() => written.close())

  it('is nothing to do as it was loaded', async () => {
    const plan = await written.plan()
    expect(plan).toMatchObject({ code: 0, stderr: '' })
    expect(plan.stdout).toContain('nothing to do: HAProxy runs this configuration')
    expect(plan.stdout).toContain('has not changed since HAProxy loaded it')
  })

  it('is edited in place and applied by commands, without a request lost', async () => {
    // Once, so that it is known what was loaded.
    expect(await written.apply()).toMatchObject({ code: 0 })
    const load = constantLoad(written.lab.port, 5)
    const port = await written.lab.webServer('b')
    await written.edit(withServer(`b 127.0.0.1:${port} weight 7`))
    const plan = await written.plan(written.config, '--commands')
    expect(plan.code).toBe(10)
    expect(plan.stdout).toMatch(/backend app\n {2}\+ server b 127\.0\.0\.1:\d+ +runtime\n/)
    expect(plan.stdout).toMatch(/1 change by \d commands?, no reload/)
    expect(plan.stdout).toContain(`add server app/b 127.0.0.1:${port}`)
    const applied = await written.apply()
    expect(applied).toMatchObject({ code: 0, stderr: '' })
    expect(applied.stdout).toMatch(/applied by \d commands?, read back/)
    expect(await written.workerPid()).toBe(before)
    expect((await load.stop()).failed).toEqual([])
    expect(await written.plan()).toMatchObject({ code: 0 })
  })

  it('edited before anything was known wants one reload, says why, and keeps the text', async () => {
    await written.edit(withServer('b 127.0.0.1:9 weight 0'))
    const plan = await written.plan()
    expect(plan.code).toBe(10)
    expect(plan.stdout).toMatch(/haproxy\.cfg changed after HAProxy loaded it/)
    expect(await written.apply()).toMatchObject({ code: 0 })
    expect(await written.workerPid()).not.toBe(before)
    await written.edit((text) => text.replace('weight 0', 'weight 3'))
    const second = await written.plan()
    expect(second.stdout).toMatch(/~ server b weight 0 → 3 +runtime/)
    expect(second.stdout).toContain('the text that was loaded and verified at')
  })

  it('somewhere else gets to the place HAProxy loads from, with its owner and rights', async () => {
    const { mode } = await stat(written.config)
    const path = await written.other(withServer('b 127.0.0.1:9 weight 0'))
    const applied = await written.apply(path)
    expect(applied).toMatchObject({ code: 0, stderr: '' })
    expect(applied.stdout).toContain(`file: ${written.config} gets the text of ${path}`)
    expect(await written.text()).toBe(await written.text(path))
    expect((await stat(written.config)).mode).toBe(mode)
    expect(await written.workerPid()).toBe(before)
  })

  it('names a map with a key that has no value: that is one reload, and then nothing', async () => {
    expect(await written.apply()).toMatchObject({ code: 0 })
    await writeFile(written.lab.mapPath, 'x.test app\nalone.test\n')
    expect(await written.apply()).toMatchObject({ code: 0, stderr: '' })
    expect(await written.workerPid()).not.toBe(before)
    expect(await written.plan()).toMatchObject({ code: 0 })
  })

  it('takes a server back whose last connections it still waited for', async () => {
    // Longer than the applies take meanwhile.
    await written.edit((text) => text.replaceAll(/(timeout \w+) 10s/g, '$1 60s'))
    expect(await written.apply()).toMatchObject({ code: 0 })
    let letAnswer = (): void => {}
    const mayAnswer = new Promise<void>((resolve) => (letAnswer = resolve))
    const port = await written.lab.webServer('slow', mayAnswer)
    const plain = await written.text()
    const withSlow = withServer(`slow 127.0.0.1:${port}`)(plain)
    await written.edit(() => withSlow)
    expect(await written.apply()).toMatchObject({ code: 0 })
    const requests = Array.from({ length: 6 }, () => written.lab.get())
    await written.edit(() => plain)
    expect((await written.apply(written.config, '--linger', '100ms')).stdout).toContain('app/slow')
    await written.edit(() => withSlow)
    const back = await written.apply()
    expect(back).toMatchObject({ code: 0 })
    expect(back.stdout).not.toContain('kept:')
    letAnswer()
    expect(await Promise.all(requests)).toContain('slow')
    expect(await written.plan()).toMatchObject({ code: 0 })
    const [state = ''] = await written.ask('show servers state app')
    expect(state).toMatch(/ slow \S+ 2 0 /)
  })

  it('names a map: an edit of the map alone is found and applied', async () => {
    expect(await written.apply()).toMatchObject({ code: 0 })
    await writeFile(written.lab.mapPath, 'x.test app\nother.test other\n')
    const plan = await written.plan()
    expect(plan.stdout).toMatch(/map hosts\n {2}\+ other\.test → other +runtime\n/)
    expect(await written.apply()).toMatchObject({ code: 0 })
    expect(await written.lab.get({ host: 'other.test' })).toBe('other')
    expect(await written.workerPid()).toBe(before)
    expect(await written.plan()).toMatchObject({ code: 0 })
  })

  it('does not undo an operator’s word, but what a weight or a server became otherwise', async () => {
    await written.edit(withServer('b 127.0.0.1:9 weight 0'))
    expect(await written.apply()).toMatchObject({ code: 0 })
    await written.ask(
      'set server app/a weight 50',
      'set server app/b state maint',
      'add server app/stray 127.0.0.1:7',
    )
    const plan = await written.plan()
    expect(plan.stdout).toMatch(/~ server a weight 50 → 1 +runtime \(was changed at runtime\)/)
    expect(plan.stdout).toMatch(/- server stray +runtime \(not in the text\)/)
    expect(plan.stdout).toContain('kept: server app/b in maint')
    // Also across a reload.
    await written.edit((text) => text.replace('retries 3', 'retries 2'))
    expect(await written.apply()).toMatchObject({ code: 0 })
    expect((await written.plan()).stdout).toContain('kept: server app/b in maint')
    const reset = await written.apply(written.config, '--reset-states')
    expect(reset.stdout).toMatch(/~ server b maint → ready +runtime/)
    expect((await written.plan()).stdout).not.toContain('kept')
  })

  it('is told for programs, and what was done as well', async () => {
    await written.apply()
    await written.edit((text) => text.replace('retries 3', 'retries 2'))
    const plan = JSON.parse((await written.plan(written.config, '--json')).stdout) as PlanReport
    const line = (await written.text()).split('\n').findIndex((each) => /retries/.test(each)) + 1
    expect(plan).toMatchObject({
      haproxy: { workerPid: before, canReload: true },
      live: written.config,
      base: { from: 'record' },
      how: 'reload',
      reasons: [{ kind: 'setting', section: 'defaults', line, file: written.config }],
    })
    const applied = await written.apply(written.config, '--json')
    expect(JSON.parse(applied.stdout) as ApplyReport).toMatchObject({
      how: 'reload',
      result: { how: 'reload', lingering: [], problems: [] },
    })
  })

  it('is a folder of files, with a change, a new file and one less', async () => {
    const text = await written.text()
    const [head = '', app = ''] = text.split('backend app\n')
    const folder = join(written.lab.folder, 'conf.d')
    await mkdir(folder)
    await writeFile(join(folder, '10-head.cfg'), head)
    await writeFile(join(folder, '20-app.cfg'), `backend app\n${app}`)
    await writeFile(join(folder, 'notes.txt'), 'not for HAProxy')
    await written.supervisor.stop()
    await written.supervisor.start(folder)
    const same = await written.plan(folder)
    expect(same.stdout).toContain('nothing to do')

    const next = join(written.lab.folder, 'next.d')
    await mkdir(next)
    await writeFile(join(next, '10-head.cfg'), head.replace('retries 3', 'retries 2'))
    await writeFile(
      join(next, '30-app.cfg'),
      withServer('b 127.0.0.1:9 weight 0')(`backend app\n${app}`),
    )
    const plan = await written.plan(next)
    const line = head.split('\n').findIndex((each) => /retries/.test(each)) + 1
    expect(plan.stdout).toContain(`retries 3 → 2 (10-head.cfg:${line})`)
    expect(await written.apply(next)).toMatchObject({ code: 0, stderr: '' })
    expect(await written.text(join(folder, '10-head.cfg'))).toContain('retries 2')
    await expect(stat(join(folder, '20-app.cfg'))).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await written.plan(next)).toMatchObject({ code: 0 })

    const nested = join(folder, '30-app.cfg')
    await written.edit((each) => each.replace('weight 0', 'weight 2'), nested)
    const pid = await written.workerPid()
    expect((await written.apply(folder)).stdout).toMatch(/~ server b weight 0 → 2 +runtime/)
    expect(await written.workerPid()).toBe(pid)
  })
})
