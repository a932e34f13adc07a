import { describe, expect, it } from 'vitest'
import {
  direct,
  endpoints,
  id,
  inspect,
  problems,
  published,
  rows,
} from '../../../test/support/container-sketch.ts'
import { containerToCandidate } from './container-to-candidate.ts'

describe('names and ports, as Registrator has them', () => {
  it('registers a published port with attributes, and tags in reversed order', () => {
    const [endpoint] = endpoints(
      {
        name: 'redis.0',
        image: 'progrium/redis',
        exposed: ['6379/tcp'],
        ports: { '6379/tcp': [10000, ':::10000'] },
        env: ['SERVICE_TAGS=master,backups,x', 'SERVICE_REGION=us2'],
      },
      published,
    )
    expect(endpoint).toMatchObject({
      id: 'host1:redis.0:6379',
      service: 'redis',
      address: '10.0.0.9',
      port: 10000,
      exposedPort: 6379,
      tags: ['x', 'backups', 'master'],
      meta: { region: 'us2' },
      startedAtMs: Date.parse('2026-01-02T03:04:05.600Z'),
      identity: `${id} 2026-01-02T03:04:05.6Z`,
    })
  })

  it('registers a port that is exposed only by its container address', () => {
    const sketch = { exposed: ['80/tcp'], ports: { '80/tcp': [] } }
    expect(rows(sketch)).toEqual(['host1:a:80 | web | 172.17.0.5:80'])
    expect(rows(sketch, published)).toEqual([])
    expect(problems(sketch, published)).toEqual(['port 80 not published on host'])
  })

  it('names several ports by suffix, unless a port has its own name', () => {
    const sketch = {
      exposed: ['80/tcp', '443/tcp', '9000/tcp'],
      ports: { '80/tcp': [8000], '443/tcp': [4443], '9000/tcp': [] },
      env: [
        'SERVICE_NAME=w',
        'SERVICE_443_NAME=https',
        'SERVICE_443_ID=https.1',
        'SERVICE_443_SNI=on',
      ],
    }
    expect(rows(sketch, published)).toEqual([
      'host1:a:80 | w-80 | 10.0.0.9:8000',
      'https.1 | https | 10.0.0.9:4443',
    ])
    expect(endpoints(sketch, published)[1]?.meta).toEqual({ sni: 'on' })
  })

  it('counts an ignored port for the suffix, whatever the value of ignore', () => {
    const sketch = {
      ports: { '80/tcp': [8000], '443/tcp': [4443] },
      env: ['SERVICE_443_IGNORE=false', 'SERVICE_NAME=w'],
    }
    expect(rows(sketch, published)).toEqual(['host1:a:80 | w-80 | 10.0.0.9:8000'])
  })

  it('tells udp from tcp by id and tag', () => {
    const sketch = {
      name: 'dns',
      ports: { '53/tcp': [53], '53/udp': [53] },
      env: ['SERVICE_53_NAME=dns', 'SERVICE_TAGS=a'],
    }
    expect(rows(sketch, published)).toEqual([
      'host1:dns:53 | dns | 10.0.0.9:53',
      'host1:dns:53:udp | dns | 10.0.0.9:53',
    ])
    expect(endpoints(sketch, published).map((each) => each.tags)).toEqual([['a'], ['a', 'udp']])
  })

  it('prefers port form to general form, label to environment, later to earlier', () => {
    const sketch = {
      ports: { '80/tcp': [8080] },
      env: [
        'SERVICE_80_NAME=envport',
        'SERVICE_TAGS=envtag',
        'SERVICE_80_ZONE=envz',
        'SERVICE_X=1',
        'SERVICE_X=2',
      ],
      labels: {
        SERVICE_NAME: 'lbl',
        SERVICE_TAGS: 'lbltag',
        SERVICE_80_ZONE: 'lblz',
        service_name: 'no',
      },
    }
    expect(endpoints(sketch, published)[0]).toMatchObject({
      service: 'envport',
      tags: ['lbltag'],
      meta: { zone: 'lblz', x: '2' },
    })
  })

  it('drops attributes of other ports and of ports written in another way', () => {
    const sketch = {
      exposed: ['80/tcp'],
      env: [
        'SERVICE_080_A=1',
        'SERVICE_+80_B=1',
        'SERVICE_81_C=1',
        'SERVICE_80=x',
        'SERVICE_=y',
        'SERVICE_Z',
      ],
    }
    expect(endpoints(sketch)[0]?.meta).toEqual({ '80': 'x' })
  })

  it('names the service after the image', () => {
    const names = [
      'redis@sha256:abcdef',
      'registry:5000/foo/bar:1.2@sha256:12',
      'registry:5000/foo/bar:1.2',
      'sha256:deadbeef0123456789',
      'localhost:5000/solo',
      '',
    ].map((image) => endpoints({ image, exposed: ['80/tcp'] })[0]?.service)
    expect(names).toEqual(['redis', 'bar', 'bar', 'deadbeef0123', 'solo', 'unnamed'])
  })

  it('leaves the suffix out for an empty port name', () => {
    const sketch = { exposed: ['80/tcp', '81/tcp'], env: ['SERVICE_80_NAME='] }
    expect(endpoints(sketch).map((each) => each.service)).toEqual(['web', 'web-81'])
  })

  it('splits tags at commas that are not escaped and keeps spaces', () => {
    const tags = String.raw`SERVICE_TAGS=,a\,b, c ,,d\\,e,\,f\,`
    expect(endpoints({ exposed: ['80/tcp'], env: [tags] })[0]?.tags).toEqual([
      ',f,',
      String.raw`d\,e`,
      ' c ',
      'a,b',
    ])
  })

  it('keeps check attributes in meta', () => {
    const env = ['SERVICE_CHECK_HTTP=/h', 'SERVICE_80_CHECK_INTERVAL=5s', 'SERVICE_IP=1.2.3.4']
    expect(endpoints({ exposed: ['80/tcp'], env })[0]?.meta).toEqual({
      check_http: '/h',
      check_interval: '5s',
      ip: '1.2.3.4',
    })
  })

  it('gives one SERVICE_ID to one port only', () => {
    const sketch = { exposed: ['80/tcp', '81/tcp'], env: ['SERVICE_ID=x'] }
    expect(rows(sketch)).toEqual(['x | web-80 | 172.17.0.5:80'])
    expect(problems(sketch)).toEqual(['port 81 has the same id "x" as port 80'])
  })

  it('refuses ids and names that are too long or not on one line', () => {
    expect(
      problems({ exposed: ['80/tcp'], env: [`SERVICE_NAME=${'n'.repeat(60_000)}`] })[0],
    ).toMatch(/^its service name "n{60}…" is 60000 characters long/)
    const sketch = { exposed: ['80/tcp'], labels: { SERVICE_ID: 'a\nserver evil' } }
    expect(rows(sketch)).toEqual([])
    expect(problems(sketch)).toEqual([
      'its id "a\\nserver evil" has a line break or control character',
    ])
  })
})

describe('routing labels', () => {
  it('collects them by precedence, in lower case, and into meta', () => {
    const sketch = {
      exposed: ['80/tcp', '81/tcp'],
      env: [
        'SERVICE_FAIRLEAD_WEIGHT=1',
        'SERVICE_80_FAIRLEAD_WEIGHT=4',
        'SERVICE_FAIRLEAD_CHECK=/env',
      ],
      labels: {
        SERVICE_FAIRLEAD_WEIGHT: '2',
        'fairlead.weight': '3',
        'fairlead.Host': 'A.example',
        SERVICE_FAIRLEAD_CHECK: '/label',
        SERVICE_81_FAIRLEAD_BALANCE: 'leastconn',
      },
    }
    expect(endpoints(sketch).map((each) => each.labels)).toEqual([
      { weight: '4', host: 'A.example', check: '/label' },
      { weight: '3', host: 'A.example', check: '/label', balance: 'leastconn' },
    ])
    expect(endpoints(sketch)[0]?.meta).toMatchObject({
      fairlead_weight: '4',
      fairlead_host: 'A.example',
    })
  })

  it('takes a port that only the label names, without renaming the others', () => {
    const sketch = { exposed: ['80/tcp'], labels: { 'fairlead.port': '8080' } }
    expect(rows(sketch)).toEqual([
      'host1:a:80 | web | 172.17.0.5:80',
      'host1:a:8080 | web | 172.17.0.5:8080',
    ])
    expect(rows({ labels: { 'fairlead.port': '99999' } })).toEqual([])
  })

  it('leaves out what belongs to fairlead', () => {
    const sketch = { exposed: ['80/tcp'], labels: { 'fairlead.role': 'haproxy' } }
    const candidate = containerToCandidate(inspect(sketch), direct)
    expect(candidate.endpoints).toEqual([])
    expect(candidate.problems).toEqual([])
    expect(candidate.decisions.at(-1)?.what).toBe('belongs to fairlead (role "haproxy")')
    expect(rows({ exposed: ['80/tcp'] }, { ...direct, ownContainerIds: new Set([id]) })).toEqual([])
  })
})

describe('health', () => {
  const healthOf = (state: Record<string, unknown>): unknown => {
    const [endpoint] = endpoints({ exposed: ['80/tcp'], state })
    return [endpoint?.health, endpoint?.healthReason, endpoint?.isHealthReported]
  }

  it('follows HEALTHCHECK and pause', () => {
    expect(healthOf({})).toEqual(['passing', '', false])
    expect(healthOf({ Health: { Status: 'none' } })).toEqual(['passing', '', false])
    expect(healthOf({ Health: { Status: 'starting' } })).toEqual([
      'critical',
      'HEALTHCHECK starting',
      true,
    ])
    expect(healthOf({ Health: { Status: 'healthy' } })).toEqual(['passing', '', true])
    expect(
      healthOf({
        Health: { Status: 'unhealthy', Log: [{ Output: 'old' }, { Output: 'no\r\nx' }] },
      }),
    ).toEqual(['critical', 'HEALTHCHECK failed: no', true])
    expect(healthOf({ Paused: true, Health: { Status: 'healthy' } })).toEqual([
      'maintenance',
      'paused',
      true,
    ])
  })
})
