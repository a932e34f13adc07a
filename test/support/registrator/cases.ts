import type { CheckDefinition } from '../../../src/consul/types.ts'
import type { Sketch } from '../container-sketch.ts'

/** A service as it must arrive in Consul. */
export type ExpectedService = {
  readonly id: string
  readonly name: string
  readonly at: string
  readonly tags?: readonly string[]
  readonly meta?: Readonly<Record<string, string>>
  readonly check?: CheckDefinition
}

export type RegistratorCase = {
  readonly name: string
  /** Flags beside `-ip 10.0.0.9`, which stands first. */
  readonly args?: readonly string[]
  /** Without `-ip`. */
  readonly isWithoutIp?: boolean
  readonly containers: readonly Sketch[]
  readonly services: readonly ExpectedService[]
  /** Log lines that the containers must cause. */
  readonly lines?: readonly string[]
}

const cid = 'cccccccccccc'
const web80 = { id: 'host1:a:80', name: 'web' }

/**
 * What a replacement of Registrator must do, case by case: container facts and what arrives in
 * Consul for them. The host is called host1.
 */
export const cases: readonly RegistratorCase[] = [
  {
    name: 'T1 a plain container, with the first of two bindings and its tags reversed',
    containers: [
      {
        name: 'redis.0',
        image: 'progrium/redis',
        ports: { '6379/tcp': ['0.0.0.0:10000', ':::10001'] },
        env: ['SERVICE_TAGS=master,backups,x', 'SERVICE_REGION=us2'],
      },
    ],
    services: [
      {
        id: 'host1:redis.0:6379',
        name: 'redis',
        at: '10.0.0.9:10000',
        tags: ['x', 'backups', 'master'],
        meta: { region: 'us2' },
      },
    ],
  },
  {
    name: 'T2 a port that is exposed only is not registered',
    containers: [{ exposed: ['80/tcp'], ports: { '80/tcp': [] } }],
    services: [],
    lines: [`ignored: ${cid} port 80 not published on host`],
  },
  {
    name: 'T2 with -internal it is, at the address of the container',
    args: ['-internal'],
    containers: [{ exposed: ['80/tcp'], ports: { '80/tcp': [] } }],
    services: [{ ...web80, at: '172.17.0.5:80' }],
  },
  {
    name: 'T3 names and ids of single ports, and a port that is not published',
    containers: [
      {
        exposed: ['80/tcp', '443/tcp', '9000/tcp'],
        ports: { '80/tcp': 8000, '443/tcp': 4443, '9000/tcp': [] },
        env: [
          'SERVICE_NAME=w',
          'SERVICE_443_NAME=https',
          'SERVICE_443_ID=https.1',
          'SERVICE_443_SNI=on',
        ],
      },
    ],
    services: [
      { id: 'https.1', name: 'https', at: '10.0.0.9:4443', meta: { sni: 'on' } },
      { id: 'host1:a:80', name: 'w-80', at: '10.0.0.9:8000' },
    ],
    lines: [`ignored: ${cid} port 9000 not published on host`],
  },
  {
    name: 'T4 an ignored port still makes a group of the others, whatever ignore says',
    containers: [
      {
        ports: { '80/tcp': 8000, '443/tcp': 4443 },
        env: ['SERVICE_443_IGNORE=false', 'SERVICE_NAME=w'],
      },
    ],
    services: [{ id: 'host1:a:80', name: 'w-80', at: '10.0.0.9:8000' }],
    lines: [`ignored: ${cid} service on port 443`],
  },
  {
    name: 'T5 one port of tcp and udp, with tags for all services',
    args: ['-tags', 'f1,f2'],
    containers: [
      {
        name: 'dns',
        ports: { '53/tcp': 53, '53/udp': 53 },
        env: ['SERVICE_53_NAME=dns', 'SERVICE_TAGS=a'],
      },
    ],
    services: [
      { id: 'host1:dns:53', name: 'dns', at: '10.0.0.9:53', tags: ['a', 'f2', 'f1'] },
      { id: 'host1:dns:53:udp', name: 'dns', at: '10.0.0.9:53', tags: ['a', 'f2', 'f1', 'udp'] },
    ],
  },
  {
    name: 'T6 the port form beats the general one, a label a variable',
    containers: [
      {
        ports: { '80/tcp': 8080 },
        env: ['SERVICE_80_NAME=envport', 'SERVICE_TAGS=envtag', 'SERVICE_80_ZONE=envz'],
        labels: {
          SERVICE_NAME: 'lbl',
          SERVICE_TAGS: 'lbltag',
          SERVICE_80_ZONE: 'lblz',
          service_name: 'no',
        },
      },
    ],
    services: [
      {
        id: 'host1:a:80',
        name: 'envport',
        at: '10.0.0.9:8080',
        tags: ['lbltag'],
        meta: { zone: 'lblz' },
      },
    ],
  },
  {
    name: 'T7 every exposed port of a container in the host network',
    containers: [{ mode: 'host', exposed: ['80/tcp', '8443/tcp'], networks: { host: {} } }],
    services: [
      { id: 'host1:a:80', name: 'web-80', at: '10.0.0.9:80' },
      { id: 'host1:a:8443', name: 'web-8443', at: '10.0.0.9:8443' },
    ],
  },
  {
    name: 'T7 with -internal such a container has no address, and is refused',
    args: ['-internal'],
    containers: [{ mode: 'host', exposed: ['80/tcp'], networks: { host: {} } }],
    services: [],
    lines: [`ignored: ${cid} service on port 80: no address, set -ip`],
  },
  {
    name: 'T7 with -internal and -empty-address it is registered without one',
    args: ['-internal', '-empty-address'],
    containers: [{ mode: 'host', exposed: ['80/tcp'], networks: { host: {} } }],
    services: [{ ...web80, at: ':80' }],
  },
  {
    name: "T8 a network of the user's: with -ip",
    containers: [
      { mode: 'mynet', networks: { mynet: { ip: '10.5.0.3' } }, ports: { '80/tcp': 8080 } },
    ],
    services: [{ ...web80, at: '10.0.0.9:8080' }],
  },
  {
    name: "T8 a network of the user's: without -ip",
    isWithoutIp: true,
    containers: [
      { mode: 'mynet', networks: { mynet: { ip: '10.5.0.3' } }, ports: { '80/tcp': 8080 } },
    ],
    services: [{ ...web80, at: '10.5.0.3:8080' }],
  },
  {
    name: "T8 a network of the user's: with -internal",
    args: ['-internal'],
    containers: [
      { mode: 'mynet', networks: { mynet: { ip: '10.5.0.3' } }, ports: { '80/tcp': 8080 } },
    ],
    services: [{ ...web80, at: '10.5.0.3:80' }],
  },
  {
    name: 'T9 a container that shares the network of another has the address of that one',
    containers: [
      {
        name: 'sidecar',
        mode: `container:${'f'.repeat(64)}`,
        exposed: ['9102/tcp'],
        networks: {},
      },
      { digit: 'f', name: 'target', networks: { bridge: { ip: '172.17.0.8' } } },
    ],
    services: [{ id: 'host1:sidecar:9102', name: 'web', at: '172.17.0.8:9102' }],
    lines: ['ignored: ffffffffffff no published ports'],
  },
  {
    name: 'T9 when that one is gone, the address of the host',
    containers: [
      {
        name: 'sidecar',
        mode: `container:${'f'.repeat(64)}`,
        exposed: ['9102/tcp'],
        networks: {},
      },
    ],
    services: [{ id: 'host1:sidecar:9102', name: 'web', at: '10.0.0.9:9102' }],
    lines: ['unable to inspect network container: ffffffffffff no such container'],
  },
  {
    name: 'T10 names of images; a digest is no part of one',
    containers: images(),
    services: named('redis', 'bar', 'bar', 'sha256', 'solo'),
  },
  {
    name: 'T10 names of images with -digest-names',
    args: ['-digest-names'],
    containers: images(),
    services: named('redis@sha256', 'bar', 'bar', 'sha256', 'solo'),
  },
  {
    name: 'T11 the first check of the table counts, and all attributes are meta',
    containers: [
      {
        ports: { '80/tcp': 8080 },
        env: [
          'SERVICE_CHECK_HTTP=/h',
          'SERVICE_CHECK_TCP=true',
          'SERVICE_CHECK_TIMEOUT=1s',
          'SERVICE_CHECK_HTTP_METHOD=HEAD',
          'SERVICE_CHECK_INITIAL_STATUS=passing',
          'SERVICE_CHECK_DEREGISTER_AFTER=10m',
        ],
      },
    ],
    services: [
      {
        ...web80,
        at: '10.0.0.9:8080',
        meta: {
          check_http: '/h',
          check_tcp: 'true',
          check_timeout: '1s',
          check_http_method: 'HEAD',
          check_initial_status: 'passing',
          check_deregister_after: '10m',
        },
        check: {
          HTTP: 'http://10.0.0.9:8080/h',
          Interval: '10s',
          Timeout: '1s',
          Method: 'HEAD',
          Status: 'passing',
          DeregisterCriticalServiceAfter: '10m',
        },
      },
    ],
  },
  {
    name: 'T12 commas and backslashes in tags',
    args: ['-tags', String.raw`x,y\,z`],
    containers: [
      { ports: { '80/tcp': 8080 }, env: [String.raw`SERVICE_TAGS=,a\,b, c ,,d\\,e,\,f\,`] },
    ],
    services: [
      {
        ...web80,
        at: '10.0.0.9:8080',
        tags: [',f,', String.raw`d\,e`, ' c ', 'a,b', 'y,z', 'x'],
      },
    ],
  },
  {
    name: 'T13 the address that a label holds, where there is one',
    args: ['-useIpFromLabel', 'io.rancher.container.ip'],
    containers: [
      { ports: { '80/tcp': 8080 }, labels: { 'io.rancher.container.ip': '10.42.1.7/16' } },
      { digit: 'b', name: 'b', ports: { '80/tcp': 8081 } },
    ],
    services: [
      { ...web80, at: '10.42.1.7:8080' },
      { id: 'host1:b:80', name: 'web', at: '10.0.0.9:8081' },
    ],
    lines: ["Label 'io.rancher.container.ip' not found in container configuration"],
  },
]

function images(): Sketch[] {
  return [
    'redis@sha256:abcdef',
    'registry:5000/foo/bar:1.2@sha256:12',
    'registry:5000/foo/bar:1.2',
    'sha256:deadbeef',
    'localhost:5000/solo',
  ].map((image, at) => ({
    digit: `${at + 1}`,
    name: `c${at}`,
    image,
    ports: { '80/tcp': 8080 + at },
  }))
}

function named(...names: readonly string[]): ExpectedService[] {
  return names.map((name, at) => ({
    id: `host1:c${at}:80`,
    name,
    at: `10.0.0.9:${8080 + at}`,
  }))
}
