import { describe, expect, it } from 'vitest'
import { idOf, inspect } from '../../test/support/container-sketch.ts'
import type { Sketch } from '../../test/support/container-sketch.ts'
import { cases } from '../../test/support/registrator/cases.ts'
import type { RegistratorCase } from '../../test/support/registrator/cases.ts'
import type { Candidate } from '../model/candidate.ts'
import { endpointToRegistration } from '../registration/endpoint-to-registration.ts'
import { parseCommandLine } from './flags.ts'
import type { RegistratorFlags } from './flags.ts'
import { linesOfMapping } from './log-lines.ts'
import { mapContainer } from './map-container.ts'
import { mappingOptions, registrationOptions } from './options.ts'

function flagsOf(args: readonly string[]): RegistratorFlags {
  const parsed = parseCommandLine([...args, 'consul://'], 'registrator')
  if (parsed.kind === 'end') throw new Error(parsed.message)
  return parsed.flags
}

function candidatesOf(
  args: readonly string[],
  sketches: readonly Sketch[],
  hostAddress = '192.0.2.1',
): Candidate[] {
  const flags = flagsOf(args)
  const owners = new Map(sketches.map((each) => [`container:${idOf(each)}`, inspect(each)]))
  return sketches.map((sketch) =>
    mapContainer(
      {
        inspect: inspect(sketch),
        networkOwner: owners.get(sketch.mode ?? ''),
        hostAddress,
        node: 'docker-1',
        forcedTags: flags.tags,
      },
      mappingOptions(flags, 'host1', flags.ip),
    ),
  )
}

/** `id | name | address:port | tags`, one a service. */
function rows(args: readonly string[], sketch: Sketch, hostAddress?: string): string[] {
  return candidatesOf(args, [sketch], hostAddress).flatMap(({ endpoints }) =>
    endpoints.map(
      ({ id, service, address, port, tags }) =>
        `${id} | ${service} | ${address}:${port}${tags.length > 0 ? ` | ${tags.join()}` : ''}`,
    ),
  )
}

function lines(args: readonly string[], sketch: Sketch, hostAddress?: string): string[] {
  return candidatesOf(args, [sketch], hostAddress).flatMap(linesOfMapping)
}

const argsOf = ({ args = [], isWithoutIp = false }: RegistratorCase): readonly string[] =>
  isWithoutIp ? args : ['-ip', '10.0.0.9', ...args]

describe('what Registrator registers', () => {
  it.each(cases.map((each) => [each.name, each] as const))('%s', (_, each) => {
    const args = argsOf(each)
    const candidates = candidatesOf(args, each.containers)
    const options = registrationOptions(flagsOf(args))
    const sent = candidates.flatMap((candidate) =>
      candidate.endpoints.map(
        (endpoint) => endpointToRegistration(endpoint, candidate, options).registration,
      ),
    )
    const wanted = each.services.map(({ id, name, at, tags, meta, check }) => {
      const colon = at.lastIndexOf(':')
      return {
        ID: id,
        Name: name,
        ...(colon === 0 ? {} : { Address: at.slice(0, colon) }),
        Port: Number(at.slice(colon + 1)),
        ...(tags === undefined ? {} : { Tags: tags }),
        ...(meta === undefined ? {} : { Meta: meta }),
        Check: check ?? null,
        Checks: null,
      }
    })
    const byId = (a: { ID: string }, b: { ID: string }): number => (a.ID < b.ID ? -1 : 1)
    expect(sent.toSorted(byId)).toEqual(wanted.toSorted(byId))
    expect(candidates.flatMap(linesOfMapping)).toEqual(each.lines ?? [])
  })
})

const published: Sketch = { ports: { '80/tcp': 8080 } }
const pair: Sketch = { ports: { '80/tcp': 8080, '443/tcp': 8443 } }

describe('addresses', () => {
  it('of ports that are published everywhere are what the host name resolves to', () => {
    expect(rows([], published, '192.0.2.7')).toEqual(['host1:a:80 | web | 192.0.2.7:8080'])
  })

  it('that lead nowhere are refused, with a line', () => {
    expect(rows([], published, '')).toEqual([])
    expect(lines([], published, '')).toEqual([
      'ignored: cccccccccccc service on port 80: no address but 0.0.0.0, set -ip',
    ])
    const none: Sketch = { mode: 'none', networks: { none: {} }, exposed: ['80/tcp'] }
    expect(lines([], none)).toEqual([
      'ignored: cccccccccccc service on port 80: no address, set -ip',
    ])
    expect(rows(['-ip', '10.0.0.9'], none)).toEqual(['host1:a:80 | web | 10.0.0.9:80'])
  })

  it('of a binding are kept', () => {
    expect(rows([], { ports: { '80/tcp': ['127.0.0.1:8080'] } })).toEqual([
      'host1:a:80 | web | 127.0.0.1:8080',
    ])
  })

  it('are found where the network is named by its id', () => {
    const sketch = {
      ...published,
      mode: 'net-mynet',
      networks: { mynet: { driver: 'mynet', ip: '10.5.0.3' } },
    }
    expect(rows([], sketch)).toEqual(['host1:a:80 | web | 10.5.0.3:8080'])
  })

  it('with -internal and several networks are never chosen by chance', () => {
    const networks = { zoo: { ip: '10.9.0.2' }, app: { ip: '10.1.0.2' }, mid: { ip: '10.4.0.2' } }
    const sketch = { ...published, networks }
    expect(rows(['-internal'], { ...sketch, mode: 'mid' })).toEqual([
      'host1:a:80 | web | 10.4.0.2:80',
    ])
    expect(rows(['-internal'], { ...sketch, mode: 'gone' })).toEqual([
      'host1:a:80 | web | 10.1.0.2:80',
    ])
  })

  it('of a label may have a length behind them', () => {
    const labels = { at: 'fd00::1/64/x' }
    expect(rows(['-useIpFromLabel', 'at', '-internal'], { ...published, labels })).toEqual([
      'host1:a:80 | web | fd00::1/64:80',
    ])
  })

  it('of a container whose network owner is on a network of the user are those of that', () => {
    const target: Sketch = {
      digit: 'f',
      mode: 'app',
      networks: { app: { ip: '10.1.0.9' } },
    }
    const mode = `container:${idOf(target)}`
    const [first] = candidatesOf([], [{ mode, exposed: ['80/tcp'], networks: {} }, target])
    expect(first?.endpoints.map(({ address }) => address)).toEqual(['10.1.0.9'])
  })

  it('are those of the wanted network, else the usual ones', () => {
    const networks = { bridge: { ip: '172.17.0.5' }, app: { ip: '10.1.0.2' } }
    const sketch = { exposed: ['80/tcp'], networks }
    expect(rows(['-network', 'nope,app'], sketch)).toEqual(['host1:a:80 | web | 10.1.0.2:80'])
    expect(rows(['-network', 'nope'], { ...sketch, ...published })).toEqual([
      'host1:a:80 | web | 192.0.2.1:8080',
    ])
  })

  it('are IPv6 where that is preferred and there', () => {
    const networks = { app: { ip: '10.1.0.2', ip6: 'fd00::2' }, old: { ip: '10.2.0.2' } }
    const sketch = { ...published, mode: 'app', networks }
    expect(rows(['-internal', '-ipv6'], sketch)).toEqual(['host1:a:80 | web | fd00::2:80'])
    expect(rows(['-network', 'old', '-ipv6'], sketch)).toEqual(['host1:a:80 | web | 10.2.0.2:80'])
    expect(rows(['-ipv6'], { ports: { '80/tcp': [':::8080'] } }, 'fd00::9')).toEqual([
      'host1:a:80 | web | fd00::9:8080',
    ])
  })
})

describe('-overrides', () => {
  const networks = { bridge: { ip: '172.17.0.5' }, app: { ip: '10.1.0.2' } }
  const env = ['SERVICE_443_IP=198.51.100.4', 'SERVICE_80_NETWORK=app']

  it('lets a port have its own address and network, which are then no meta', () => {
    const [candidate] = candidatesOf(['-overrides'], [{ ...pair, networks, env }])
    expect(
      candidate?.endpoints.map(({ address, port, meta }) => [`${address}:${port}`, meta]),
    ).toEqual([
      ['10.1.0.2:80', {}],
      ['198.51.100.4:8443', {}],
    ])
  })

  it('lets a container be internal, or not', () => {
    const internal = { exposed: ['80/tcp'], ports: { '80/tcp': [] }, env: ['SERVICE_INTERNAL=1'] }
    expect(rows(['-overrides'], internal)).toEqual(['host1:a:80 | web | 172.17.0.5:80'])
    const outside = { ...published, env: ['SERVICE_INTERNAL=false'] }
    expect(rows(['-overrides', '-internal'], outside)).toEqual([
      'host1:a:80 | web | 192.0.2.1:8080',
    ])
  })

  it('leaves out a port whose network the container is not on', () => {
    const sketch = { ...published, env: ['SERVICE_NETWORK=nope'] }
    expect(lines(['-overrides'], sketch)).toEqual([
      'ignored: cccccccccccc service on port 80: not on network nope',
    ])
  })

  it('lets a container name its ports, exposed or not, in place of all others', () => {
    const host = { mode: 'host', exposed: ['80/tcp', '443/tcp'], networks: { host: {} } }
    const named = { ...host, env: ['SERVICE_PORTS=443, 9000/udp,443'] }
    expect(rows(['-overrides'], named)).toEqual([
      'host1:a:443 | web-443 | 192.0.2.1:443',
      'host1:a:9000:udp | web-9000 | 192.0.2.1:9000 | udp',
    ])
    const inside = { ports: { '80/tcp': 8080 }, env: ['SERVICE_PORTS=80,81,x'] }
    expect(rows(['-overrides'], inside)).toEqual(['host1:a:80 | web | 192.0.2.1:8080'])
    expect(lines(['-overrides'], inside)).toEqual([
      'ignored: cccccccccccc SERVICE_PORTS: no port: x',
      'ignored: cccccccccccc port 81 not published on host',
    ])
    expect(rows(['-overrides', '-internal'], inside)).toHaveLength(2)
  })

  it('lets a container be registered without a port', () => {
    const worker = { env: ['SERVICE_PORTS=0', 'SERVICE_0_NAME=worker'] }
    expect(rows(['-overrides'], worker)).toEqual(['host1:a:0 | worker | 192.0.2.1:0'])
    expect(rows(['-overrides', '-internal'], worker)).toEqual(['host1:a:0 | worker | 172.17.0.5:0'])
    expect(lines([], worker)).toEqual(['ignored: cccccccccccc no published ports'])
  })

  it('is off by default: these are attributes like others', () => {
    const [candidate] = candidatesOf([], [{ ...pair, networks, env }])
    expect(candidate?.endpoints.map(({ meta }) => meta)).toEqual([
      { network: 'app' },
      { ip: '198.51.100.4' },
    ])
  })
})

describe('names', () => {
  const env = ['SERVICE_443_NAME=tls']

  it.each([
    ['group', ['web-80', 'tls']],
    ['always', ['web-80', 'tls-443']],
    ['never', ['web', 'tls']],
    ['collision', ['web', 'tls']],
  ])('with -suffix %s', (suffix, names) => {
    const [candidate] = candidatesOf(['-suffix', suffix], [{ ...pair, env }])
    expect(candidate?.endpoints.map(({ service }) => service)).toEqual(names)
  })

  it('with -suffix collision have a suffix where two ports would share one', () => {
    const [candidate] = candidatesOf(['-suffix', 'collision'], [pair])
    expect(candidate?.endpoints.map(({ service }) => service)).toEqual(['web-80', 'web-443'])
  })

  it('are several with -aliases, each a service', () => {
    const sketch = { ...pair, env: ['SERVICE_NAME=shop, old', 'SERVICE_443_IGNORE=1'] }
    expect(rows(['-aliases', '-ip', '10.0.0.9'], sketch)).toEqual([
      'host1:a:80 | shop-80 | 10.0.0.9:8080',
      'host1:a:80:old | old-80 | 10.0.0.9:8080',
    ])
  })

  it('are as if none was given where the list has none', () => {
    const sketch = { ports: { '80/tcp': 8080 }, env: ['SERVICE_NAME= , ,'] }
    expect(rows(['-aliases', '-ip', '10.0.0.9'], sketch)).toEqual(
      rows(['-ip', '10.0.0.9'], { ports: sketch.ports }),
    )
  })

  it('that are empty for a port are the default one without suffix', () => {
    const [candidate] = candidatesOf([], [{ ...pair, env: ['SERVICE_80_NAME='] }])
    expect(candidate?.endpoints.map(({ service }) => service)).toEqual(['web', 'web-443'])
  })

  it('of images that say nothing are a dot', () => {
    expect(rows([], { ...published, image: '' })).toEqual(['host1:a:80 | . | 192.0.2.1:8080'])
  })
})

describe('which containers and ports', () => {
  it('with -explicit only those with a name', () => {
    const sketch = { ...pair, env: ['SERVICE_443_NAME=tls'] }
    expect(rows(['-explicit'], sketch)).toEqual(['host1:a:443 | tls | 192.0.2.1:8443'])
    expect(lines(['-explicit'], sketch)).toEqual(['ignored: cccccccccccc service on port 80'])
  })

  it.each([
    [['-opt-in'], {}, 'does not ask for it (SERVICE_REGISTER)'],
    [['-opt-in'], { env: ['SERVICE_REGISTER=no'] }, 'does not ask for it (SERVICE_REGISTER)'],
    [['-opt-in'], { labels: { SERVICE_REGISTER: 'true' } }, ''],
    [['-only-label', 'team=x'], { labels: { team: 'y' } }, 'none of the wanted labels'],
    [['-only-label', 'team=x', '-only-label', 'team'], { labels: { team: 'y' } }, ''],
    [['-ignore-label', 'team=y'], { labels: { team: 'y' } }, 'label team=y'],
    [['-only-name', 'web-*'], { name: 'db-1' }, 'none of the wanted names'],
    [['-only-name', 'web-*'], { name: 'web-1' }, ''],
    [['-ignore-name', 'd?-1'], { name: 'db-1' }, 'name d?-1'],
    [['-ignore-name', 'd.-1'], { name: 'db-1' }, ''],
  ])('%j and %j', (args, sketch, reason) => {
    const said = reason === '' ? [] : [`ignored: cccccccccccc ${reason}`]
    expect(lines(args, { ...published, ...sketch })).toEqual(said)
    expect(rows(args, { ...published, ...sketch })).toHaveLength(reason === '' ? 1 : 0)
  })

  it('of -opt-in the word that asks is no meta', () => {
    const [candidate] = candidatesOf(['-opt-in'], [{ ...published, env: ['SERVICE_REGISTER=1'] }])
    expect(candidate?.endpoints[0]?.meta).toEqual({})
  })

  it('not those that have ended or are restarting', () => {
    for (const state of [{ Running: false }, { Running: true, Restarting: true }]) {
      expect(rows([], { exposed: ['80/tcp'], state })).toEqual([])
      expect(lines([], { exposed: ['80/tcp'], state })).toEqual([])
    }
  })

  it('with -healthy-only not those whose HEALTHCHECK does not pass', () => {
    const health = (Status: string) => ({ ...published, state: { Health: { Status } } })
    expect(rows(['-healthy-only'], health('healthy'))).toHaveLength(1)
    expect(rows(['-healthy-only'], published)).toHaveLength(1)
    expect(rows([], health('unhealthy'))).toHaveLength(1)
    expect(lines(['-healthy-only'], health('starting'))).toEqual([
      'ignored: cccccccccccc HEALTHCHECK starting',
    ])
  })

  it('exposed ports where nothing is published, unless -published-only', () => {
    const macvlan = {
      mode: 'lan',
      networks: { lan: { ip: '10.7.0.2' } },
      exposed: ['80/tcp'],
    }
    expect(rows([], macvlan)).toEqual(['host1:a:80 | web | 10.7.0.2:80'])
    expect(rows(['-published-only'], macvlan)).toEqual([])
    expect(rows(['-published-only', '-ip', '::2'], { ...macvlan, mode: 'host' })).toHaveLength(1)
  })

  it('of sctp like tcp, without tag and suffix', () => {
    expect(rows([], { ports: { '80/sctp': 8080 } })).toEqual(['host1:a:80 | web | 192.0.2.1:8080'])
  })

  it('one of several ports that have one SERVICE_ID: the lowest', () => {
    const sketch = { ...pair, env: ['SERVICE_ID=x'] }
    expect(rows([], sketch)).toEqual(['x | web-80 | 192.0.2.1:8080'])
    expect(lines([], sketch)).toEqual([
      'ignored: cccccccccccc service on port 443: another port has the ID x',
    ])
  })
})

it('keeps the order of tags with -tags-in-order', () => {
  const sketch = { ports: { '53/udp': 53 }, env: ['SERVICE_TAGS=a,b'] }
  expect(rows(['-tags-in-order', '-tags', 'c,d'], sketch)).toEqual([
    'host1:a:53:udp | web | 192.0.2.1:53 | a,b,c,d,udp',
  ])
})

describe('meta', () => {
  const metaOf = (args: readonly string[], env: string[]) =>
    candidatesOf(args, [{ ...published, env }])[0]?.endpoints[0]?.meta

  it('are all variables in capitals but those that say something of the service itself', () => {
    const env = [
      'SERVICE_80=x',
      'SERVICE_80_TCP_NAME=y',
      'SERVICE_Region=a',
      'SERVICE_REGION=b',
      'SERVICE_IP=192.0.2.4',
      'SERVICE_81_OTHER=z',
      'SERVICE_080_ZERO=z',
      'SERVICE_+80_SIGN=z',
      'SERVICE_EMPTY=',
      'SERVICE_IGNORE=',
      'SERVICE_=v',
      'SERVICE_80_=v',
      'SERVICE_NOTHING',
      'service_name=n',
      'Service_X=1',
    ]
    expect(metaOf([], env)).toEqual({
      80: 'x',
      tcp_name: 'y',
      region: 'b',
      ip: '192.0.2.4',
      empty: '',
      ignore: '',
    })
  })

  it('of -meta are those of every service, unless its container says otherwise', () => {
    const args = ['-meta', 'rack=7', '-meta', 'zone=a=b']
    expect(metaOf(args, ['SERVICE_RACK=8'])).toEqual({ rack: '8', zone: 'a=b' })
  })
})

it('is not ignored where the port form of a key is empty, which turns the general one off', () => {
  const sketch = { ...pair, env: ['SERVICE_IGNORE=true', 'SERVICE_80_IGNORE='] }
  expect(rows([], sketch)).toEqual(['host1:a:80 | web-80 | 192.0.2.1:8080'])
})
