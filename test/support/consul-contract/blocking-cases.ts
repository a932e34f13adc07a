import { expect, it } from 'vitest'
import { eventually, type Asking, type Blocked } from './subject.ts'

type Definition = { readonly Name: string } & Readonly<Record<string, unknown>>

const health = '/v1/health/service'

type Answer = { readonly index: number; readonly body: readonly unknown[] }

/** Blocking queries: what wakes a reader, what does not, and how indexes go. */
export function blockingCases(consul: () => Asking): void {
  const inCatalog = async (service: string, count: number): Promise<void> => {
    await eventually(
      `${service} has ${count}`,
      () => consul().get<unknown[]>(`/v1/catalog/service/${service}`),
      ({ body }) => body.length === count,
    )
  }
  /** Registered and in the catalogue, so that its index is settled. */
  const settled = async (definition: Definition, count = 1): Promise<void> => {
    await consul().register(definition)
    await inCatalog(definition.Name, count)
  }
  const blocked = async (path: string): Promise<Blocked<readonly unknown[]> & Answer> => {
    const now = await consul().read<readonly unknown[]>(path)
    return { ...now, ...(await consul().block<readonly unknown[]>(path, now.index)) }
  }
  const isWoken = async (
    waiting: Blocked<readonly unknown[]> & Answer,
    count: number,
  ): Promise<void> => {
    const answer = await waiting.answer
    expect(answer.body).toHaveLength(count)
    expect(answer.index).toBeGreaterThan(waiting.index)
  }

  it('answers at once without an index, or with an old one', async () => {
    await settled({ Name: 'web' })
    const { index } = await consul().read('/v1/catalog/services')
    expect((await consul().block('/v1/catalog/services', 0)).isOver()).toBe(true)
    const old = await (await consul().block('/v1/catalog/services', index - 1)).answer
    expect(old.index).toBe(index)
  })

  it('answers with the same index when the wait is over', async () => {
    await settled({ Name: 'web' })
    const { index, body } = await consul().read(`${health}/web`)
    const waiting = await consul().block(`${health}/web`, index, '2s')
    expect(waiting.isOver()).toBe(false)
    expect(await waiting.answer).toEqual({ index, body })
  })

  it.each([[`${health}/web`], ['/v1/catalog/service/web'], ['/v1/health/checks/web']])(
    'wakes a reader of %s for its service, and not for another',
    async (path) => {
      const Check = { TTL: '60s' }
      await settled({ Name: 'web', Check })
      await settled({ Name: 'other', ID: 'other-1', Check })
      const waiting = await blocked(path)
      await settled({ Name: 'other', ID: 'other-2', Check }, 2)
      await consul().put('/v1/agent/service/deregister/other-1')
      await inCatalog('other', 1)
      expect(waiting.isOver()).toBe(false)
      await consul().register({ ID: 'web-2', Name: 'web', Check })
      await isWoken(waiting, 2)
    },
  )

  it.each([[`${health}/web`], ['/v1/catalog/service/web'], ['/v1/health/checks/web']])(
    'wakes a reader of %s when the service comes, and when it ends',
    async (path) => {
      const waiting = await blocked(path)
      await consul().register({ Name: 'web', Check: { TTL: '60s' } })
      await isWoken(waiting, 1)
      await inCatalog('web', 1)
      const ending = await blocked(path)
      expect(ending.isOver()).toBe(false)
      await consul().put('/v1/agent/service/deregister/web')
      await isWoken(ending, 0)
    },
  )

  it('wakes readers of health for a check that changes its state, not for its output alone', async () => {
    await settled({ Name: 'web', Check: { TTL: '60s', Status: 'passing' } })
    const paths = [`${health}/web?passing`, '/v1/health/checks/web', '/v1/health/state/passing']
    const waiting = await Promise.all(paths.map(blocked))
    for (const note of ['one', 'two']) {
      await consul().put(`/v1/agent/check/pass/service:web?note=${note}`)
    }
    await consul().get('/v1/agent/checks')
    expect(waiting.map((each) => each.isOver())).toEqual([false, false, false])
    await consul().put('/v1/agent/check/fail/service:web?note=three')
    const [first, second, third] = waiting
    if (first !== undefined) await isWoken(first, 0)
    if (second !== undefined) {
      await isWoken(second, 1)
      expect((await second.answer).body[0]).toMatchObject({ Status: 'critical', Output: 'three' })
    }
    if (third !== undefined) await isWoken(third, 1)
  })

  it('wakes a reader of the catalogue for tags, not when the same is registered again', async () => {
    const definition = { Name: 'web', Tags: ['a'], Port: 80, Check: { TTL: '60s' } }
    await settled(definition)
    const before = await consul().read<Record<string, string[]>>('/v1/catalog/services')
    const waiting = await consul().block<Record<string, string[]>>(
      '/v1/catalog/services',
      before.index,
    )
    await consul().register(definition)
    await consul().put('/v1/agent/check/pass/service:web')
    await eventually(
      'the check is passing',
      () => consul().get<unknown[]>(`${health}/web?passing`),
      ({ body }) => body.length === 1,
    )
    expect(waiting.isOver()).toBe(false)
    await consul().register({ ...definition, Tags: ['b'] })
    expect((await waiting.answer).body['web']).toEqual(['b'])
  })

  it('wakes the reader of a key for that key, and of a prefix for all under it', async () => {
    for (const key of ['app/a', 'app/b', 'other']) await consul().put(`/v1/kv/${key}`, '1')
    const key = await blocked('/v1/kv/app/a')
    const tree = await blocked('/v1/kv/app?recurse')
    const keys = await blocked('/v1/kv/app/?keys')
    await consul().put('/v1/kv/other', '2')
    await consul().put('/v1/kv/app/a', '1')
    for (const each of [key, tree, keys]) expect(each.isOver()).toBe(false)
    await consul().put('/v1/kv/app/b', '2')
    await isWoken(tree, 2)
    await isWoken(keys, 2)
    expect(key.isOver()).toBe(false)
    await consul().put('/v1/kv/app/a', '2')
    await isWoken(key, 1)
  })

  it('wakes readers of what is not there when it comes, and of a prefix when something goes', async () => {
    const { index } = await consul().read('/v1/kv/new')
    const waiting = await consul().block<readonly unknown[]>('/v1/kv/new', index)
    expect(waiting.isOver()).toBe(false)
    await consul().put('/v1/kv/new', '1')
    expect((await waiting.answer).body).toHaveLength(1)
    await consul().put('/v1/kv/new/a', '1')
    const tree = await blocked('/v1/kv/new?recurse')
    await consul().delete('/v1/kv/new/a')
    await isWoken(tree, 1)
  })

  it('never takes an index back', async () => {
    const read = async (): Promise<readonly number[]> => {
      const paths = ['/v1/catalog/services', `${health}/web`, '/v1/kv/?keys', '/v1/kv/a?recurse']
      const answers = await Promise.all(paths.map((path) => consul().read(path)))
      return answers.map(({ index }) => index)
    }
    let before = await read()
    const steps = [
      () => settled({ Name: 'web' }),
      () => consul().put('/v1/kv/a/b', '1'),
      () =>
        consul()
          .put('/v1/agent/service/deregister/web')
          .then(() => inCatalog('web', 0)),
      () => consul().delete('/v1/kv/a/b'),
      () => settled({ Name: 'other' }),
      () => settled({ Name: 'web' }),
    ]
    for (const step of steps) {
      await step()
      const now = await read()
      for (const [at, index] of now.entries()) expect(index).toBeGreaterThanOrEqual(before[at] ?? 0)
      before = now
    }
  })
}
