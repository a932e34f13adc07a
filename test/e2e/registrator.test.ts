import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { DockerProxy } from '../support/docker-proxy.ts'
import { RegistratorLab } from './support/registrator-lab.ts'
import { end } from './support/stage.ts'

const host = hostname()
let lab: RegistratorLab

beforeAll(async () => {
  lab = await RegistratorLab.open()
})

afterEach(async () => {
  await lab.clear()
})

afterAll(async () => {
  await lab?.close()
})

const ip = ['-ip', '10.0.0.9']

describe('real containers', () => {
  it('T1 one with a published port, tags and attributes', async () => {
    const env = ['SERVICE_TAGS=master,backups,x', 'SERVICE_REGION=us2']
    const id = await lab.startContainer({ name: 'redis.0', published: { '6379/tcp': 0 }, env })
    await lab.start(ip).until(/^added:/)
    expect(await lab.rows()).toEqual([
      `${host}:redis.0:6379 | web | 10.0.0.9:${await lab.hostPort(id, '6379/tcp')} | ` +
        'x,backups,master | {"region":"us2"}',
    ])
  })

  it('T2 one with a port that is exposed only, then with -internal', async () => {
    const id = await lab.startContainer({ name: 'a', exposed: ['80/tcp'] })
    const outside = lab.start(ip)
    await outside.until(/^Syncing/)
    await outside.until(/^ignored: /)
    expect(outside.lines).toContain(`ignored: ${id.slice(0, 12)} port 80 not published on host`)
    expect(await lab.rows()).toEqual([])
    await end(outside.child, 'SIGTERM')
    await lab.start(['-internal', ...ip]).until(/^added:/)
    const address = await lab.addressOf(id, 'bridge')
    expect(await lab.rows()).toEqual([`${host}:a:80 | web | ${address}:80 |  | {}`])
  })

  it('T3 one with names and ids for single ports', async () => {
    const id = await lab.startContainer({
      name: 'a',
      exposed: ['9000/tcp'],
      published: { '80/tcp': 0, '443/tcp': 0 },
      env: [
        'SERVICE_NAME=w',
        'SERVICE_443_NAME=https',
        'SERVICE_443_ID=https.1',
        'SERVICE_443_SNI=on',
      ],
    })
    const run = lab.start(ip)
    await run.until(/^added:/, 2)
    const wanted = [
      `${host}:a:80 | w-80 | 10.0.0.9:${await lab.hostPort(id, '80/tcp')} |  | {}`,
      `https.1 | https | 10.0.0.9:${await lab.hostPort(id, '443/tcp')} |  | {"sni":"on"}`,
    ]
    expect(await lab.rows()).toEqual(wanted.toSorted())
    expect(run.lines).toContain(`ignored: ${id.slice(0, 12)} port 9000 not published on host`)
  })

  it('T4 one with a port that is ignored', async () => {
    const id = await lab.startContainer({
      name: 'a',
      published: { '80/tcp': 0, '443/tcp': 0 },
      env: ['SERVICE_443_IGNORE=false', 'SERVICE_NAME=w'],
    })
    const run = lab.start(ip)
    await run.until(/^added:/)
    expect(await lab.rows()).toEqual([
      `${host}:a:80 | w-80 | 10.0.0.9:${await lab.hostPort(id, '80/tcp')} |  | {}`,
    ])
    expect(run.lines).toContain(`ignored: ${id.slice(0, 12)} service on port 443`)
  })

  it('T6 one with variables and labels', async () => {
    const id = await lab.startContainer({
      name: 'a',
      published: { '80/tcp': 0 },
      env: ['SERVICE_80_NAME=envport', 'SERVICE_TAGS=envtag', 'SERVICE_80_ZONE=envz'],
      labels: {
        SERVICE_NAME: 'lbl',
        SERVICE_TAGS: 'lbltag',
        SERVICE_80_ZONE: 'lblz',
        service_name: 'no',
      },
    })
    await lab.start(ip).until(/^added:/)
    expect(await lab.rows()).toEqual([
      `${host}:a:80 | envport | 10.0.0.9:${await lab.hostPort(id, '80/tcp')} | lbltag | {"zone":"lblz"}`,
    ])
  })

  it("T8 one on a network of the user's, with -ip, without, and with -internal", async () => {
    const network = await lab.createNetwork('net')
    const id = await lab.startContainer({ name: 'a', network, published: { '80/tcp': 0 } })
    const [address, port] = [await lab.addressOf(id, network), await lab.hostPort(id, '80/tcp')]
    for (const [args, at] of [
      [ip, `10.0.0.9:${port}`],
      [[], `${address}:${port}`],
      [['-internal'], `${address}:80`],
      [['-network', `nope,${network}`], `${address}:80`],
    ] as const) {
      const run = lab.start(args)
      await run.until(/^(added|refreshed):/)
      expect(await lab.rows()).toEqual([`${host}:a:80 | web | ${at} |  | {}`])
      await end(run.child, 'SIGTERM')
    }
  })
})

describe('the program', () => {
  it('follows containers that start, restart and end, and ends with 0 at SIGTERM', async () => {
    const run = lab.start(ip)
    await run.until(/^Syncing/)
    const id = await lab.startContainer({ name: 'a', published: { '80/tcp': 0 } })
    await run.until(/^added:/)
    await lab.post(`/containers/${id}/restart?t=0`)
    await run.until(/^removed:/)
    await run.until(/^added:/, 2)
    await lab.post(`/containers/${id}/kill`)
    await run.until(/^removed:/, 2)
    expect(await lab.rows()).toEqual([])
    expect(run.child.kill('SIGTERM')).toBe(true)
    expect(await run.exit).toBe(0)
    expect(run.stdout).toBe('')
  })

  it('goes on when the connection to Docker breaks', async () => {
    const proxy = new DockerProxy(join(lab.folder, 'docker.sock'))
    await proxy.open()
    try {
      const gone = await lab.startContainer({ name: 'gone', published: { '80/tcp': 0 } })
      const run = lab.start(ip, { DOCKER_HOST: proxy.url })
      await run.until(/^added:/)
      await proxy.close()
      await lab.post(`/containers/${gone}/kill`)
      await lab.startContainer({ name: 'new', published: { '80/tcp': 0 } })
      await proxy.open()
      await run.until(new RegExp(`^removed: .*:${lab.run}-gone:80$`))
      await run.until(new RegExp(`^added: .*:${lab.run}-new:80$`))
    } finally {
      await proxy.close()
    }
  })

  it('says its version, and nothing else, with --version alone', async () => {
    const run = lab.call(['registrator', '--version'])
    expect(await run.exit).toBe(0)
    expect(run.stdout).toMatch(/^v\d+\.\d+\.\d+\S*\n$/)
    expect(run.stderr).toBe('')
  })

  it.each([
    [['-h'], 0, /\nUsage of registrator:\n/],
    [['-nope', 'consul:'], 2, /\nflag provided but not defined: -nope\nUsage of registrator:\n/],
    [[], 2, /\nMissing required argument for registry URI\.\n\nUsage of/],
    [['consul:', '-internal'], 2, /\nExtra unparsed arguments:\n {2}-internal\n/],
    [
      ['-ttl', '5', 'consul:'],
      1,
      / -ttl and -ttl-refresh must be specified together or not at all\n/,
    ],
    [['-deregister', 'x', 'consul:'], 1, / -deregister must be "always" or "on-success"\n/],
    [['etcd://h/x'], 1, / not supported: etcd; use consul:/],
    [['mesh://h'], 1, / unrecognized adapter: mesh:\/\/h\n/],
    [[':x'], 1, / bad adapter uri: :x\n/],
    [['consul://127.0.0.1:1'], 1, / Connecting to backend \(0\/0\)\n.*127\.0\.0\.1:1/],
  ])('%j ends with %i', async (args, code, said) => {
    const run = lab.call(['registrator', ...args])
    expect(await run.exit).toBe(code)
    expect(run.stderr).toMatch(
      /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d Starting registrator v\S+ \.\.\.\n/,
    )
    expect(run.stderr).toMatch(said)
    expect(run.stdout).toBe('')
  })

  it('is Registrator by the name of a link to it', async () => {
    const run = lab.call(['-retry-interval', '0', 'consul:'], await lab.link('registrator'))
    expect(await run.exit).toBe(1)
    expect(run.lines.at(-1)).toBe('-retry-interval must be greater than 0')
  })
})
