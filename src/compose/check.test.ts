import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { routingSettings } from '../../test/support/routing.ts'
import type { CheckSettings } from './assess.ts'
import { checkCompose } from './check.ts'
import type { CheckReport } from './report.ts'
import { ComposeError } from './tree.ts'

const settings: CheckSettings = {
  routing: routingSettings,
  network: undefined,
  usePublished: false,
  publishedAddress: undefined,
  isLocalDaemon: true,
  admin: undefined,
}

function check(text: string): CheckReport {
  const input = {
    files: [{ path: '/shop/compose.yaml', shown: 'compose.yaml', text }],
    folder: '/shop',
    lookup: () => undefined,
    profiles: [],
    projectName: undefined,
    readFile: () => undefined,
  }
  return checkCompose(input, settings)
}

const word = fc.oneof(
  fc.constantFrom('80', '8080:80', 'a.example.org', 'true', 'service:web', 'host', 'front', ''),
  fc.string({ maxLength: 12 }),
  fc.constantFrom('__proto__', 'constructor', '${A:-80}', '${', '-1', '99999999999'),
)
const key = fc.constantFrom(
  'image',
  'labels',
  'environment',
  'ports',
  'expose',
  'networks',
  'network_mode',
  'deploy',
  'scale',
  'extends',
  'profiles',
  'depends_on',
  'env_file',
  'container_name',
)
const name = fc.oneof(
  fc.constantFrom('fairlead.host', 'fairlead.port', 'fairlead.x', 'SERVICE_NAME', 'SERVICE_80_ID'),
  word,
)
const leaf = fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null))
const value = fc.oneof(
  leaf,
  fc.array(fc.oneof(leaf, fc.dictionary(name, leaf, { maxKeys: 2 })), { maxLength: 4 }),
  fc.dictionary(name, fc.oneof(leaf, fc.array(leaf, { maxLength: 2 })), { maxKeys: 4 }),
)
const file = fc.record({
  services: fc.dictionary(
    fc.oneof(fc.constantFrom('web', 'api'), word),
    fc.oneof(leaf, fc.dictionary(key, value, { maxKeys: 6 })),
    { maxKeys: 4 },
  ),
  networks: fc.oneof(value, fc.dictionary(word, value, { maxKeys: 3 })),
})

describe('a check', () => {
  it('ends with a report or a ComposeError, whatever the file holds', () => {
    let reports = 0
    fc.assert(
      fc.property(file, (content) => {
        try {
          const report = check(stringify(content))
          expect(report.problems.every(({ at }) => at === null || at.line >= 1)).toBe(true)
          reports += 1
        } catch (error) {
          if (!(error instanceof ComposeError)) throw error
        }
      }),
      { numRuns: 500 },
    )
    expect(reports).toBeGreaterThan(250)
  })

  it('has an entry for every service that is started: a route, or why there is none', () => {
    fc.assert(
      fc.property(file, (content) => {
        let report: CheckReport
        try {
          report = check(stringify(content))
        } catch (error) {
          if (error instanceof ComposeError) return
          throw error
        }
        const routed = report.routes.flatMap(({ containers }) =>
          containers.map(({ container }) => container),
        )
        const told = [...routed, ...report.leftOut.map(({ container }) => container)]
        const services = content.services ?? {}
        const named = Object.keys(services).filter((each) => !each.startsWith('x-'))
        const started = named.filter((each) => !report.inactive.includes(each))
        const known = new Set([...told, ...report.inactive])
        const isRefused = (each: string): boolean =>
          report.problems.some(({ where, what }) => where === each && what.includes('no mapping'))
        expect(started.filter((each) => !known.has(each) && !isRefused(each))).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it('says the same of a million containers as of two', () => {
    const of = (replicas: number): CheckReport =>
      check(`services: {web: {image: web, expose: [80], scale: ${replicas}}}`)
    const { routes, ...rest } = of(1_000_000)
    const { routes: fewRoutes, ...few } = of(2)
    expect(rest).toEqual(few)
    expect(routes[0]?.containers).toMatchObject([{ container: 'web', replicas: 1_000_000 }])
    expect(fewRoutes[0]?.containers).toMatchObject([{ container: 'web', replicas: 2 }])
  })

  it('goes along chains of any length, and circles, without end or overflow', () => {
    const count = 400
    const services = Array.from({ length: count }, (_, at) => {
      const next = `s${(at + 1) % count}`
      const extended = at % 200 === 0 ? '' : `, extends: ${next}`
      return `  s${at}: {image: i${at}, expose: [80], depends_on: [${next}]${extended}}`
    })
    const { routes, problems } = check(`services:\n${services.join('\n')}`)
    expect(routes).toHaveLength(count)
    expect(new Set(problems.map(({ what }) => what.replace(/s\d+/, 'X')))).toEqual(
      new Set(['service X is at the end of more than 100 that extend each other']),
    )
  })
})
