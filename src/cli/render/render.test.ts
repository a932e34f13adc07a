import { describe, expect, it } from 'vitest'
import type { Explanation } from '../../api/contract.ts'
import {
  consulReport,
  emptyReport,
  fullReport,
  sampleEndpoint,
  sampleNowMs,
  webService,
} from '../testing/sample-report.ts'
import { renderExplanation } from './explanation.ts'
import { renderStatus } from './status.ts'
import { cut, painter, span } from './text.ts'

const plain = painter(false)

function show(report: typeof fullReport, columns = 80): string {
  return renderStatus(report, { paint: plain, columns, nowMs: sampleNowMs })
}

describe('status', () => {
  it('shows services, endpoints, what is left out, problems and words', () => {
    expect(show(fullReport)).toBe(`\
● fairlead default  0.1.0, up 3 h, pid 99999999, /var/lib/fairlead/default
  HAProxy 2.6.12 running, adopted, master 812, worker 815, 1 reload, 3 of at most 9984 connections
  serves http://127.0.0.1:8080, desired state 3f2a91c0 not applied yet

  watches docker:lab1, api
  ! docker:lab2 connecting for 1 min: connect ECONNREFUSED 10.0.0.2:2376

demo-hostname  demo-hostname.localhost, shop.example.org  default service, roundrobin, 3 endpoints
    ENDPOINT  NODE  ADDRESS        HEALTH    STATE       WEIGHT  SESS   REQS
  ✓ web-1     lab1  172.17.0.2:80  passing   UP             100     0  12345
  ! web-2     lab1  172.17.0.3:80  passing   drain (UP)     100     2     12
    └ the stop signal was sent
  ✗ web-3     lab2  [fd00::3]:80   critical  MAINT          100     0     12
    └ HEALTHCHECK failed: exit 1

old  old.localhost  roundrobin, 0 endpoints
  ✗ its last endpoint has gone: requests are answered 503

LEFT OUT (1)
  db-1 (postgres:16) on lab1: it offers port 5432, and only websites are routed
    hint: give it the label fairlead.enable=true

PROBLEMS (1)
  ! container web-1: unknown label fairlead.prot·[2J
    hint: did you mean fairlead.port?

OPERATOR'S WORDS (taken back by \`fairlead ready\` and \`fairlead weight … auto\`)
  lab2:web-3:80  maint  for 5 s
  lab1:gone:80  weight 5  for 1 d
`)
  })

  it('shows Consul, datacenters, and what is held back with its countdown', () => {
    expect(show(consulReport, 100)).toBe(`\
● fairlead default  0.1.0, up 3 h, pid 99999999, /var/lib/fairlead/default
  HAProxy 2.6.12 running, master 812, worker 815, 0 reloads, 3 of at most 9984 connections
  serves http://127.0.0.1:8080, desired state 3f2a91c0 applied

  reads 2 services of Consul at http://10.0.0.1:8500, http://10.0.0.2:8500 (dc1), registers 5, 1 pending, 2 refused
  watches docker:lab1, api

HELD BACK (served while HAProxy finds them up; \`fairlead confirm\` lets them go)
  ! demo-hostname: 3 endpoints gone from Consul for 20 s, confirmed or not in 40 s
    lab1:web-1:80
    lab1:web-2:80
    lab2:web-3:80

demo-hostname  demo-hostname.localhost, shop.example.org  default service, roundrobin, 3 endpoints
    ENDPOINT  NODE  DC   ADDRESS        HEALTH    STATE       WEIGHT  SESS   REQS
  ✓ web-1     lab1  dc1  172.17.0.2:80  passing   UP             100     0  12345
  ! web-2     lab1  dc1  172.17.0.3:80  passing   drain (UP)     100     2     12
    └ the stop signal was sent
  ✗ web-3     lab2  dc1  [fd00::3]:80   critical  MAINT          100     0     12
    └ HEALTHCHECK failed: exit 1
`)
  })

  it.each([
    ['waiting', 'refused', 'does not answer for 1 min, last answer 2 s ago: refused'],
    ['stale', '', 'has no leader for 1 min: what it says may be old'],
  ] as const)('says so when Consul is %s', (state, error, expected) => {
    const registry = { ...consulReport.registry, state, error, held: [] } as const
    const lines = show({ ...consulReport, registry }).split('\n')
    expect(lines[0]).toMatch(/^● /)
    expect(lines.find((line) => line.includes('Consul'))).toBe(
      `  ! Consul at http://10.0.0.1:8500, http://10.0.0.2:8500 (dc1) ${expected}`,
    )
  })

  it('says what to do when there is nothing yet', () => {
    expect(show(emptyReport)).toBe(`\
● fairlead default  0.1.0, up 3 h, pid 99999999, /var/lib/fairlead/default
  HAProxy 2.6.12 running, master 812, worker 815, 0 reloads, 3 of at most 9984 connections
  serves http://127.0.0.1:8080, desired state 3f2a91c0 applied

  watches docker:lab1, api

No service yet. A container that serves on port 80 is found by itself, for example:
  docker run -d --name web nginx
`)
  })

  it('does not say that an adopted HAProxy serves nothing before a template has its answers', () => {
    const report = { ...fullReport, http: [], isApplied: false }
    expect(show(report)).toContain('serves what it served before, desired state')
    const started = { ...report, haproxy: { ...fullReport.haproxy, isAdopted: false } }
    expect(show(started)).toContain('serves nothing yet, desired state')
  })

  it('points to what is left out when nothing else was seen', () => {
    const { leftOut } = fullReport
    expect(show({ ...emptyReport, leftOut })).toContain('everything that was seen is left out')
  })

  it('says when HAProxy is down or does not say how its servers are', () => {
    const haproxy = { ...emptyReport.haproxy, state: 'down' as const }
    expect(show({ ...emptyReport, haproxy })).toContain('HAProxy 2.6.12 is down\n')
    const endpoints = [sampleEndpoint({ haproxyStatus: '' })]
    const services = [{ ...webService, endpoints }]
    expect(show({ ...emptyReport, services })).toContain('! web-1     172.17.0.2:80  passing  ?')
  })

  it('heads a service of a template, which has neither hosts nor balance, without gaps', () => {
    const services = [{ ...webService, hosts: [], balance: '', isDefault: false }]
    expect(show({ ...emptyReport, services }).split('\n')).toContain('demo-hostname  3 endpoints')
  })

  it('cuts long names to the width of the terminal, and not at all for a program', () => {
    const candidate = 'a-container-with-a-very-long-name-as-compose-makes-them-1'
    const endpoints = [sampleEndpoint({ candidate, address: 'fd00:1234:5678:9abc::1234:5678' })]
    const report = { ...emptyReport, services: [{ ...webService, endpoints }] }
    const line = (columns: number): string =>
      show(report, columns)
        .split('\n')
        .find((each) => each.includes('✓ a-cont')) ?? ''
    expect(line(80)).toHaveLength(80)
    expect(line(80)).toContain('…')
    expect(line(Number.POSITIVE_INFINITY)).toContain(candidate)
  })

  it('leaves the node away where there is one only', () => {
    const endpoints = webService.endpoints.filter((each) => each.node === 'lab1')
    expect(show({ ...emptyReport, services: [{ ...webService, endpoints }] })).not.toContain('NODE')
  })

  it('has the same words with and without colour', () => {
    const view = { columns: 80, nowMs: sampleNowMs }
    const coloured = renderStatus(fullReport, { ...view, paint: painter(true) })
    expect(coloured).toContain('\u001b[32m✓')
    // oxlint-disable-next-line no-control-regex -- colours are control sequences
    expect(coloured.replaceAll(/\u001b\[\d+m/g, '')).toBe(show(fullReport))
  })
})

describe('explanation', () => {
  it('shows each decision in order and where it ended', () => {
    const explanation: Explanation = {
      subject: 'web-1',
      kind: 'container',
      conclusion: 'web-1 is left out: two networks',
      traces: [
        {
          about: 'lab1:web-1:80',
          decisions: [
            { step: 'seen', outcome: 'ok', what: 'container web-1 (nginx) on lab1' },
            { step: 'name', outcome: 'note', what: 'named after its image', hint: 'SERVICE_NAME' },
            { step: 'network', outcome: 'stop', what: 'no address HAProxy can reach' },
          ],
        },
      ],
    }
    expect(renderExplanation(explanation, plain)).toBe(`\
container web-1

  lab1:web-1:80
    ✓ seen     container web-1 (nginx) on lab1
    ! name     named after its image
               hint: SERVICE_NAME
    ✗ network  no address HAProxy can reach

→ web-1 is left out: two networks
`)
  })
})

it('tells times in one unit', () => {
  expect([0, 59_000, 60_000, 3_599_000, 7_200_000, 2 * 86_400_000].map(span)).toEqual([
    '0 s',
    '59 s',
    '1 min',
    '59 min',
    '2 h',
    '2 d',
  ])
})

it('cuts a text to a width', () => {
  expect([cut('abc', 3), cut('abcd', 3), cut('abc', 0)]).toEqual(['abc', 'ab…', '…'])
})
