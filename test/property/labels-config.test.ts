import {
  array,
  assert,
  asyncProperty,
  constantFrom,
  dictionary,
  integer,
  oneof,
  record,
  string,
} from 'fast-check'
import { expect, it } from 'vitest'
import type { Candidate } from '../../src/model/candidate.ts'
import type { RoutingResult } from '../../src/routing/contract.ts'
import { labelKeys } from '../../src/routing/labels.ts'
import { route } from '../../src/routing/route.ts'
import { checkConfig } from '../support/check-config.ts'
import { container, endpoint, routingInput } from '../support/routing.ts'

// Whatever a container calls itself and says in its labels, the configuration keeps its shape: as
// many sections and lines as there are services and servers, as many words in each line as its
// keyword has, and HAProxy accepts it. Every label that does not take effect is a problem on show.

const nasty = [
  '\n',
  '\r\nbackend evil\n    server x 1.2.3.4:80\n',
  '"',
  "'",
  `'"'"'`,
  '$HOME',
  '"${HOME}"',
  '%[src]',
  '%[env(HOME)]',
  '-f /etc/passwd',
  '--',
  '}',
  'x } or { always_true',
  '#',
  '\\',
  '\\n',
  ' ',
  '\t',
  ',',
  '),lua.x(',
  ';',
  '\u0000',
  '\u007f',
  'ü',
  '\u2028',
  '😀',
  '::',
  '*.',
  '/',
  '80',
  'a'.repeat(60_000),
  `/${'"'.repeat(60_000)}`,
]

const good = [
  'true',
  'a.org',
  '*.b.org',
  '/health',
  'leastconn',
  'source',
  '80',
  '5s',
  '0',
  'ü.de',
].concat(['cookie', 'none', 'SESSION', 'a.b-c_d'])

const text = oneof(
  { weight: 2, arbitrary: string({ unit: 'grapheme', maxLength: 30 }) },
  { weight: 2, arbitrary: string({ unit: 'binary', maxLength: 30 }) },
  { weight: 2, arbitrary: constantFrom(...nasty) },
  { weight: 2, arbitrary: constantFrom(...good) },
  {
    weight: 3,
    arbitrary: array(constantFrom(...nasty.slice(0, -2), ...good), { maxLength: 5 }).map((parts) =>
      parts.join(''),
    ),
  },
)

const seen = record({
  name: text,
  id: text,
  service: oneof(text, constantFrom('app', 'shop\n', 'a b')),
  port: integer({ min: 1, max: 65_535 }),
  labels: dictionary(
    oneof({ weight: 5, arbitrary: constantFrom(...labelKeys) }, { weight: 1, arbitrary: text }),
    text,
    { maxKeys: 8 },
  ),
})

it('no label, name or id adds a line or a word to the configuration', async () => {
  await assert(
    asyncProperty(array(seen, { minLength: 40, maxLength: 80 }), async (all) => {
      const candidates = all.map((each, index): Candidate => {
        const id = `node:${each.id}:${index}`
        return container(each.name, endpoint('x', { ...each, id, exposedPort: each.port }))
      })
      const result = route(routingInput(candidates))
      expectShape(result)
      expectAnswered(candidates, result)
      const { code, output } = await checkConfig(result.desired, '/run/fairlead')
      expect(code, output).toBe(0)
    }),
    { numRuns: 12 },
  )
})

/** Words after the keyword; the optional parameters of a server beside. */
const shapes: readonly RegExp[] = [
  /^balance \w+$/,
  /^hash-type consistent$/,
  /^http-error status 503 content-type 'text\/plain; charset=utf-8' lf-string QUOTED hdr Retry-After 5$/,
  /^http-request set-timeout server \d+ms if \{ req\.hdr\(accept\) -m beg text\/event-stream \}$/,
  /^option httpchk$/,
  /^http-check send meth GET uri-lf %\[be_name,map_str\(\S+,\/\)\] ver HTTP\/1\.1 hdr Host %\[be_name,map_str\(\S+,localhost\)\]$/,
  /^cookie [\w.-]+ insert indirect nocache httponly(?: secure)? dynamic attr SameSite=Lax$/,
  /^dynamic-cookie-key [0-9a-f]{32}$/,
  /^server [\w.:-]+ 10\.0\.0\.1:\d+ check inter 2s fastinter 500ms downinter 5s rise 1 fall 2 observe layer4 error-limit 5 on-error mark-down weight \d+(?: maxconn \d+)?(?: slowstart \d+ms)? pool-max-conn -1 pool-purge-delay 5s sni var\(txn\.fresh\)$/,
]

function expectShape({ desired, routes, placements }: RoutingResult): void {
  const empty = route(routingInput([])).desired.config
  expect(desired.config.startsWith(empty)).toBe(true)
  const lines = desired.config.slice(empty.length).split('\n')
  const headings = lines.filter((line) => /^\S/.test(line))
  expect(headings.filter((line) => line.startsWith('backend ')).map(withoutProfile)).toEqual(
    routes.map(({ backend }) => `backend ${backend}`),
  )
  // A sticky service has a profile of its own, which stands before it.
  for (const [at, line] of headings.entries()) {
    const [keyword = '', name = ''] = line.split(' ')
    if (keyword === 'backend') continue
    expect(line).toBe(`defaults ${name} from fairlead`)
    expect(headings[at + 1]).toBe(`backend ${name.slice('fairlead-'.length)} from ${name}`)
  }
  const servers = [...placements.values()].filter((each) => each.isRouted)
  const inside = lines.filter((line) => line.startsWith(' ')).map((line) => withoutQuoted(line))
  expect(inside.filter((line) => line.startsWith('server '))).toHaveLength(servers.length)
  for (const line of inside)
    expect(
      shapes.some((shape) => shape.test(line)),
      line,
    ).toBe(true)
  const map = desired.files.get('/run/fairlead/maps/hosts.map') ?? ''
  const entries = map.split('\n').slice(0, -1)
  expect(entries).toHaveLength(routes.flatMap(({ hosts }) => hosts).length)
  for (const entry of entries) expect(entry).toMatch(/^(\*\.)?[a-z0-9_.-]+ svc_[\w.:-]*$/)
  const checks = desired.files.get('/run/fairlead/maps/checks.map') ?? ''
  const checkHosts = desired.files.get('/run/fairlead/maps/check-hosts.map') ?? ''
  const checked = checks.split('\n').slice(0, -1)
  for (const entry of checked) expect(entry).toMatch(/^svc_[\w.:-]* \/[!-~]*$/)
  for (const entry of checkHosts.split('\n').slice(0, -1))
    expect(entry).toMatch(/^svc_[\w.:-]* [\w.:-]+$/)
  expect(checkHosts.split('\n')).toHaveLength(checks.split('\n').length)
}

function withoutProfile(heading: string): string {
  return heading.replace(/ from fairlead-[\w.:-]+$/, '')
}

/** Each quoted word, but for the one content type, as QUOTED (configuration.txt §2.2). */
function withoutQuoted(line: string): string {
  return line
    .trim()
    .replaceAll(/'[^']*'|"(?:\\.|[^"\\$])*"/g, (word) =>
      word.startsWith("'text/plain") ? word : 'QUOTED',
    )
}

/** Each endpoint has a placement, each one that is left out a reason, each strange label a problem. */
function expectAnswered(candidates: readonly Candidate[], result: RoutingResult): void {
  const ids = candidates.flatMap(({ endpoints }) => endpoints.map(({ id }) => id))
  expect(new Set(result.placements.keys())).toEqual(new Set(ids))
  for (const placement of result.placements.values()) {
    if (placement.isRouted) continue
    expect(placement.decisions.at(-1)?.outcome).toBe('stop')
  }
  for (const { where, what } of result.problems) {
    expect(where.length + what.length).toBeLessThan(3000)
    expect(`${where}${what}`).not.toMatch(/[\n\r\0]/)
  }
}
