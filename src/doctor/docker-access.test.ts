import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { allowedRequests, entryOf } from '../discovery/docker/allowed-requests.ts'
import { isOnThisMachine, lookAtDocker } from './docker-access.ts'
import { judgeDocker } from './judge-docker.ts'

type Seen = { readonly method: string; readonly url: string; readonly body: string }

/** What a daemon says of things that are not there, or a filter before it. */
type Answering = (method: string, url: string) => number

describe('what a Docker daemon allows', () => {
  let folder: string
  let server: Server
  let url: string
  let answer: Answering
  const seen: Seen[] = []

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fl-doctor-'))
    seen.length = 0
    server = createServer((request, response) => {
      const { method = '', url: target = '' } = request
      let body = ''
      request.on('data', (bytes: Buffer) => (body += bytes.toString()))
      request.on('end', () => {
        seen.push({ method, url: target, body })
        response.writeHead(answer(method, target)).end('{}')
      })
    })
    const path = join(folder, 'docker.sock')
    url = `unix://${path}`
    await new Promise<void>((resolve) => server.listen(path, resolve))
  })

  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve))
    rmSync(folder, { recursive: true })
  })

  const open: Answering = (method, target) => {
    if (method === 'POST') return 400
    return target.includes('/containers/') && !target.endsWith('/containers/json') ? 404 : 200
  }
  const findings = async (mayWrite = true) =>
    judgeDocker(await lookAtDocker(url, mayWrite)).map(({ level, found }) => `${level}: ${found}`)

  it('is too much where nothing stands before it', async () => {
    answer = open
    expect(await findings()).toEqual([
      `ok: ${url} answers`,
      `warning: ${url} lets fairlead make containers, run commands in containers and read files of containers: who takes it over is as good as root on that machine`,
    ])
  })

  it('is enough, and no more, behind a filter', async () => {
    answer = (method, target) =>
      entryOf(method, target) === undefined ? 403 : open(method, target)
    expect(await findings()).toEqual([
      `ok: ${url} answers`,
      `ok: ${url} allows no more than is needed`,
    ])
  })

  it('is too little where a filter refuses what is needed, and it is said what for', async () => {
    answer = (method, target) =>
      /^\/events|^\/info/.test(target) || method === 'POST' ? 403 : open(method, target)
    expect(await findings()).toEqual([
      `ok: ${url} answers`,
      `error: ${url} refuses GET /info and GET /events: nothing is found on this daemon`,
      `note: ${url} refuses POST /networks/{id}/connect: HAProxy reaches containers on its own networks and published ports only`,
      `note: ${url} refuses POST /networks/{id}/disconnect: HAProxy stays on networks that it was put on`,
      `note: ${url} lets fairlead read files of containers: it has no need to`,
    ])
  })

  it('is found without a request that could change anything', async () => {
    answer = open
    await lookAtDocker(url, true)
    const writing = seen.filter(({ method }) => method !== 'GET')
    expect(writing.length).toBeGreaterThan(2)
    for (const { url: target, body } of writing) {
      expect(() => JSON.parse(body) as unknown).toThrow()
      // Nothing that exists is named: an id of 256 random bits, or none.
      expect(target).toMatch(/^\/containers\/create$|^\/\w+\/[0-9a-f]{64}\//)
    }
    const asked = seen.filter(({ method, url: target }) => entryOf(method, target) !== undefined)
    expect(new Set(asked.map(({ method, url: target }) => entryOf(method, target))).size).toBe(
      allowedRequests.length,
    )
  })

  it('is asked for reading only where it is another machine', async () => {
    answer = open
    expect(await findings(false)).toEqual([
      `ok: ${url} answers`,
      `note: ${url} is on another machine: not tried whether it allows more than is needed`,
    ])
    expect(seen.filter(({ method }) => method !== 'GET')).toEqual([])
  })

  it('is unknown where nobody answers', async () => {
    expect(judgeDocker(await lookAtDocker('unix:///nowhere.sock', true))).toMatchObject([
      { level: 'note', found: expect.stringContaining('ENOENT') },
    ])
  })

  it.each([
    ['unix:///var/run/docker.sock', true],
    ['tcp://127.0.0.1:2375', true],
    ['tcp://localhost:2375', true],
    ['tcp://[::1]:2375', true],
    ['tcp://10.0.0.2:2375', false],
    ['tcp://127.example.org:2375', false],
  ])('%s is on this machine: %s', (address, expected) => {
    expect(isOnThisMachine(address)).toBe(expected)
  })
})
