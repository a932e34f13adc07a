import { expect, it } from 'vitest'
import { normalised, type Asking } from './subject.ts'

type Entry = { readonly Key: string; readonly CreateIndex: number; readonly ModifyIndex: number }

/** The key-value store. */
export function kvCases(consul: () => Asking): void {
  const put = async (path: string, value = 'x'): Promise<unknown> =>
    (await consul().put(`/v1/kv/${path}`, value)).body
  const entry = async (key: string): Promise<Entry | undefined> =>
    (await consul().get<Entry[]>(`/v1/kv/${key}`)).body[0]
  const list = async (path: string): Promise<unknown> => (await consul().get(`/v1/kv/${path}`)).body

  it('keeps a value with its flags, and gives it in Base64 or as it is', async () => {
    expect(await put('a/b', 'héllo')).toBe(true)
    const first = await entry('a/b')
    expect(normalised(first)).toEqual({
      LockIndex: 0,
      Key: 'a/b',
      Flags: 0,
      Value: Buffer.from('héllo').toString('base64'),
    })
    expect(await put('a/b?flags=42', 'w')).toBe(true)
    const second = await entry('a/b')
    expect(normalised(second)).toMatchObject({ Flags: 42, Value: 'dw==' })
    expect(second?.CreateIndex).toBe(first?.CreateIndex)
    expect(second?.ModifyIndex).toBeGreaterThan(first?.ModifyIndex ?? 0)
    const raw = await consul().get('/v1/kv/a/b?raw')
    expect([raw.body, raw.headers['content-type']]).toEqual(['w', 'text/plain'])
    expect(Number(raw.headers['x-consul-index'])).toBe(second?.ModifyIndex)
  })

  it('keeps its index when the same is put again', async () => {
    await put('a', 'same')
    const before = await entry('a')
    expect(await put('a', 'same')).toBe(true)
    expect(await entry('a')).toEqual(before)
  })

  it('gives null for an empty value, and takes keys that have to be encoded', async () => {
    await put('folder/', '')
    expect(normalised(await entry('folder/'))).toMatchObject({ Value: null })
    await put('%C3%BC%20%2Fx')
    expect(await list('%C3%BC?keys')).toEqual(['ü /x'])
  })

  it('sets and deletes only what has the index it is asked for', async () => {
    expect(await put('a?cas=0')).toBe(true)
    expect(await put('a?cas=0')).toBe(false)
    const index = (await entry('a'))?.ModifyIndex ?? 0
    expect(await put(`a?cas=${index + 1}`, 'y')).toBe(false)
    expect(await put(`a?cas=${index}`, 'y')).toBe(true)
    const now = (await entry('a'))?.ModifyIndex ?? 0
    expect((await consul().delete('/v1/kv/a?cas=0')).body).toBe(false)
    expect((await consul().delete(`/v1/kv/a?cas=${index}`)).body).toBe(false)
    expect((await consul().delete(`/v1/kv/a?cas=${now}`)).body).toBe(true)
    expect((await consul().get('/v1/kv/a')).status).toBe(404)
    expect((await consul().delete('/v1/kv/a?cas=5')).body).toBe(true)
    expect((await consul().delete('/v1/kv/a')).body).toBe(true)
  })

  it('lists what is under a prefix, its keys, and its folders', async () => {
    for (const key of ['a/b', 'a/c/d', 'a/c/e', 'ab', 'dir/']) await put(key)
    const keys = async (path: string): Promise<unknown> =>
      ((await list(path)) as Entry[]).map(({ Key }) => Key)
    expect(await keys('a?recurse')).toEqual(['a/b', 'a/c/d', 'a/c/e', 'ab'])
    expect(await keys('a/c?recurse')).toEqual(['a/c/d', 'a/c/e'])
    expect(await keys('?recurse')).toEqual(['a/b', 'a/c/d', 'a/c/e', 'ab', 'dir/'])
    expect(await list('a/?keys')).toEqual(['a/b', 'a/c/d', 'a/c/e'])
    expect(await list('a/?keys&separator=/')).toEqual(['a/b', 'a/c/'])
    expect(await list('?keys&separator=/')).toEqual(['a/', 'ab', 'dir/'])
    expect(await list('a?keys&separator=c')).toEqual(['a/b', 'a/c', 'ab'])
  })

  it('deletes a tree, and answers 404 with an index for what is not there', async () => {
    for (const key of ['a/b', 'a/c', 'b']) await put(key)
    const before = (await consul().read('/v1/kv/?keys')).index
    expect((await consul().delete('/v1/kv/a?recurse')).body).toBe(true)
    for (const path of ['a/b', 'a?recurse', 'a?keys', 'a/b?raw']) {
      const { status, body, headers } = await consul().get(`/v1/kv/${path}`)
      expect([path, status, body]).toEqual([path, 404, ''])
      expect(Number(headers['x-consul-index'])).toBeGreaterThan(before)
    }
    expect(await list('?keys')).toEqual(['b'])
    await consul().delete('/v1/kv/?recurse')
    expect(await list('?keys')).toEqual([])
  })

  it('refuses what makes no sense in Consul’s words', async () => {
    const large = 'x'.repeat(512 * 1024 + 1)
    const syntax = (text: string): string => `strconv.ParseUint: parsing "${text}": invalid syntax`
    for (const [method, path, status, text] of [
      ['get', '', 400, 'Missing key name'],
      ['put', '', 400, 'Missing key name'],
      ['delete', '', 400, 'Missing key name'],
      ['put', 'a?cas=x', 500, syntax('x')],
      ['put', 'a?cas', 500, syntax('')],
      ['put', 'a?flags=-1', 500, syntax('-1')],
      ['delete', 'a?cas=x', 500, syntax('x')],
      ['delete', 'a?recurse&cas=1', 400, 'Conflicting flags: cas=1&recurse='],
      [
        'put',
        'a?acquire=3d8cea2f-7cfc-1437-1abf-2f66dbcdb3ad',
        500,
        'invalid session "3d8cea2f-7cfc-1437-1abf-2f66dbcdb3ad"',
      ],
    ] as const) {
      const { status: given, body } = await consul()[method](`/v1/kv/${path}`)
      expect([method, path, given, body]).toEqual([method, path, status, text])
    }
    const { status, body } = await consul().put('/v1/kv/a', large)
    expect(status).toBe(413)
    expect(body).toContain('Request body(524289 bytes) too large, max size: 524288 bytes.')
    expect((await consul().put('/v1/kv/a?release=3d8cea2f', 'x')).body).toBe(false)
    expect((await consul().post('/v1/kv/a')).status).toBe(405)
    expect((await consul().get('/v1/kv/a')).status).toBe(404)
  })
}
