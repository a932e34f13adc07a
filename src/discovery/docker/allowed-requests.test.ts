import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { allowedRequests, entryOf } from './allowed-requests.ts'

const source = resolve(import.meta.dirname, '../..')

/** Every file that knows how to reach a Docker daemon by HTTP. */
const clients = (readdirSync(source, { recursive: true }) as string[])
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .filter((file) => /(^|\/)(docker|swarm|networks)\//.test(file) || file.startsWith('doctor/'))
  .filter((file) => !file.endsWith('allowed-requests.ts'))

/** Literals that begin as a path of the Engine API does: `/containers/{}/json`. */
function pathsIn(text: string): readonly string[] {
  const first =
    '_ping|auth|build|commit|configs|containers|distribution|events|exec|images|info|networks|' +
    'nodes|plugins|secrets|services|session|swarm|system|tasks|version|volumes'
  const literals = text.matchAll(new RegExp(`['\`](/(?:${first})(?:[/?][^'\`]*)?)['\`]`, 'g'))
  return [...literals].map(([, path = '']) =>
    path
      .replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '{id}')
      .replace(/(\?.*|json\{id\})$/, (end) => (end.startsWith('json') ? 'json' : ''))
      .replace('/images/{id}', '/images/{image}'),
  )
}

/** What `fairlead doctor` tries so as to see whether it would be refused. */
const tried: readonly string[] = [
  '/containers/create',
  '/containers/{id}/exec',
  '/containers/{id}/archive',
]

describe('the requests that fairlead makes of Docker', () => {
  it('are those of the table, in all client code', () => {
    const asked = clients.flatMap((file) => pathsIn(readFileSync(join(source, file), 'utf8')))
    const listed = allowedRequests.map(({ path }) => path)
    expect(asked.filter((path) => !listed.includes(path) && !tried.includes(path))).toEqual([])
    expect(listed.filter((path) => !asked.includes(path))).toEqual([])
  })

  it.each([
    ['GET', '/info', '/info'],
    ['GET', '/v1.41/containers/json?all=1', '/containers/json'],
    ['GET', '/containers/web_1.a-b/json', '/containers/{id}/json'],
    ['POST', '/networks/0a1/connect', '/networks/{id}/connect'],
    ['GET', '/images/registry:5000/team/web:1.2@sha256:01ab/json', '/images/{image}/json'],
    ['GET', '/images/../containers/json', undefined],
    ['GET', '/images/a//json', undefined],
    ['HEAD', '/info', undefined],
    ['POST', '/info', undefined],
    ['GET', '/containers/../json', undefined],
    ['GET', '/containers/a%2fb/json', undefined],
    ['GET', '/containers/a/b/json', undefined],
    ['GET', '/info/', undefined],
    ['GET', '//info', undefined],
    ['GET', '/v1.41/../info', undefined],
    ['GET', 'http://docker/info', undefined],
    ['GET', '/info\n', undefined],
    ['GET', '/info?a#b', undefined],
  ])('%s %s is %s', (method, target, path) => {
    expect(entryOf(method, target)?.path).toBe(path)
  })
})
