import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { emptyMemory, type RoutingInput } from '../../src/routing/contract.ts'
import { route } from '../../src/routing/route.ts'
import { checkConfig } from '../support/check-config.ts'
import { haproxyPrograms } from '../support/haproxies.ts'
import {
  container,
  endpoint,
  registration,
  routingInput,
  routingSettings,
} from '../support/routing.ts'

const web = ['1', '2', '3'].map((number) =>
  container(`web-${number}`, endpoint(`web-${number}`, { address: `10.0.0.${number}` })),
)
const draining = { reason: 'SIGTERM was sent', sinceMs: 1, untilMs: 9 }

/** Run with UPDATE=1 to write the files anew, and read the difference. */
const cases: Readonly<Record<string, RoutingInput>> = {
  empty: routingInput([]),
  'three-web-servers': routingInput(web),
  'all-labels': routingInput([
    container(
      'shop-1',
      endpoint('shop-1', {
        service: 'shop',
        port: 3000,
        labels: {
          host: 'Shop.example.org:443, *.shop.example.org., bücher.example',
          default: 'true',
          weight: '50',
          check: '/health?deep=1&x=%20',
          balance: 'leastconn',
          slowstart: '30s',
          maxconn: '200',
        },
      }),
    ),
    container('sticky', endpoint('sticky', { service: 'sticky', labels: { balance: 'source' } })),
    container('blog', endpoint('blog', { service: 'blog', labels: { sticky: 'cookie' } })),
    container(
      'basket',
      endpoint('basket', {
        service: 'basket',
        labels: {
          sticky: 'cookie',
          'sticky.cookie': 'BASKET',
          'sticky.secure': 'true',
          check: '/up',
          balance: 'leastconn',
        },
      }),
    ),
  ]),
  'states-of-servers': routingInput(
    [
      container('ready', endpoint('ready')),
      container('stopping', endpoint('stopping', { draining })),
      container('sick', endpoint('sick', { health: 'critical', healthReason: 'unhealthy' })),
      container('paused', endpoint('paused', { health: 'maintenance' })),
      container('new', endpoint('new')),
      registration('v6', endpoint('v6', { address: 'fd00::7', port: 9000 })),
    ],
    {
      hasAccepted: (each) => !each.id.includes(':new:'),
      words: new Map([['node:ready:80', { state: undefined, weight: 7, sinceMs: 1 }]]),
    },
  ),
  'a-service-that-has-gone': routingInput(web, {
    memory: {
      ...emptyMemory,
      services: {
        blog: { labels: { host: 'blog.org', check: '/' }, emptySinceMs: 9000, firstRoutedMs: 1 },
      },
    },
  }),
  'strange-names': routingInput([
    container(
      'x',
      endpoint('x', { id: 'node:a b\n$(c)%[src]:80', service: `it's "a"\nbackend } -f ü` }),
    ),
  ]),
  'every-setting': routingInput(web, {
    settings: {
      ...routingSettings,
      domain: 'apps.example.org',
      http: ['0.0.0.0:80', '[::]:80'],
      trustedProxies: ['10.0.0.0/8', 'fd00::/8'],
      accessLog: false,
      maxConnections: 2000,
      paths: { ...routingSettings.paths, chroot: '/run/fairlead/empty' },
      runAs: { user: 'nobody', group: 'nogroup' },
    },
  }),
}

describe.each(Object.entries(cases))('%s', (name, input) => {
  const { desired } = route(input)
  const path = join(import.meta.dirname, `${name}.cfg`)
  const text = [...desired.files].map(([file, content]) => `\n# ${file}\n${content}`)

  it('is rendered as it was reviewed', async () => {
    const actual = desired.config + text.join('')
    if (process.env['UPDATE'] === '1') await writeFile(path, actual)
    expect(actual).toBe(await readFile(path, 'utf8'))
  })

  it.each(haproxyPrograms())('is valid for HAProxy $line, without a warning', async (haproxy) => {
    const { code, output } = await checkConfig(desired, '/run/fairlead', haproxy.path)
    expect({ code, warnings: /WARNING|ALERT/.test(output) ? output : '' }).toEqual({
      code: 0,
      warnings: '',
    })
  })
})
