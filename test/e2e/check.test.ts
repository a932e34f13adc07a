import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CheckReport } from '../../src/compose/report.ts'
import { program } from './support/build.ts'
import { type CliResult, type ContainerOptions, Stage } from './support/stage.ts'

let stage: Stage

afterEach(async () => {
  await stage.close()
})

function write(name: string, text: string): void {
  writeFileSync(join(stage.folder, name), text)
}

async function check(...args: readonly string[]): Promise<CliResult> {
  return stage.cli('check', ...args)
}

describe('fairlead check as a program', () => {
  beforeEach(async () => {
    stage = await Stage.open({ hasImage: false })
  })

  it('ends with 0 for a good file, which it finds by its name', async () => {
    write('compose.yml', 'services: {web: {image: acme/web, expose: [80]}}\n')
    const { code, stdout, stderr } = await check()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^web\.localhost +web +web +80 /m)
  })

  it('ends with 1 for an error, and for a warning only when strict', async () => {
    write('bad.yaml', 'services: {web: {image: web, labels: {fairlead.prot: 80}}}\n')
    const bad = await check('bad.yaml')
    expect(bad.code).toBe(1)
    expect(bad.stdout).toContain('bad.yaml:1:39  web, label fairlead.prot')
    write('unsure.yaml', 'services: {web: {image: web, labels: {fairlead.enable: true}}}\n')
    expect((await check('unsure.yaml')).code).toBe(0)
    expect((await check('unsure.yaml', '--strict')).code).toBe(1)
  })

  it('ends with 2 for a missing file, a folder, a mistake in the YAML, and a wrong flag', async () => {
    expect(await check('none.yaml')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'fairlead: none.yaml: there is no such file\n',
    })
    expect(await check('/')).toMatchObject({ code: 2, stdout: '' })
    write('torn.yaml', 'services:\n  web: [\n')
    const torn = await check('torn.yaml')
    expect(torn).toMatchObject({ code: 2, stdout: '' })
    expect(torn.stderr).toMatch(/^fairlead: torn\.yaml:3:1: /)
    expect((await check('--rout', 'all')).code).toBe(2)
  })

  it('reads the standard input', () => {
    const { status, stdout } = spawnSync(process.execPath, [program, 'check', '-'], {
      cwd: stage.folder,
      input: 'services: {web: {image: web, expose: [80], labels: {fairlead.wait: 1}}}\n',
      encoding: 'utf8',
    })
    expect(status).toBe(1)
    expect(stdout).toContain('<stdin>:1:53  web, label fairlead.wait')
  })

  it('prints the schema of the labels', async () => {
    const { code, stdout } = await check('--schema')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
    })
  })
})

/** A service of a Compose file, and the containers that Docker is asked for in its place. */
type Sample = {
  readonly name: string
  readonly replicas?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly env?: readonly string[]
  /** Beside port 80, which the image exposes. */
  readonly exposed?: readonly string[]
  /** By its key in the file; `none`, `host`: the mode. */
  readonly network?: string
}

describe('what fairlead check says', () => {
  beforeEach(async () => {
    stage = await Stage.open()
  })

  it('is what fairlead does with the same containers', async () => {
    const host = `${stage.name('shop')}.example.org`
    const samples: readonly Sample[] = [
      { name: 'a-first', replicas: 2, labels: { 'fairlead.host': `${host}, *.${host}` } },
      { name: 'b-second', labels: { 'fairlead.host': host, 'fairlead.weihgt': '3' } },
      { name: 'ports', exposed: ['9000/tcp', '53/udp'] },
      { name: 'chosen', exposed: ['9000/tcp'], labels: { 'fairlead.port': '80' } },
      {
        name: 'each',
        exposed: ['9000/tcp'],
        env: ['SERVICE_80_FAIRLEAD_BALANCE=leastconn', 'SERVICE_9000_FAIRLEAD_BALANCE=first'],
      },
      { name: 'front', network: 'front', labels: { 'fairlead.maxconn': 'all' } },
      { name: 'elsewhere', network: 'front', labels: { 'fairlead.network': 'other' } },
      { name: 'alone', network: 'none' },
      { name: 'off', labels: { 'fairlead.enable': 'no' } },
      { name: 'hidden', env: ['SERVICE_IGNORE=yes'] },
      { name: 'host', network: 'host', labels: { 'fairlead.check': '/health' } },
    ]
    const front = await stage.createNetwork('front')
    write('compose.json', JSON.stringify(composeOf(samples, front)))
    await stage.up()
    for (const sample of samples) await start(sample, front)
    const { stdout } = await check('--json', '--route', 'labelled', 'compose.json')
    const said = JSON.parse(stdout) as CheckReport
    const names = new Set(samples.flatMap((sample) => containerNames(sample)))
    await stage.until(async () => (await seen(names)).length === names.size, 'all are seen')
    await stage.until(async () => (await stage.status()).isApplied, 'all are routed')
    const done = await stage.status()

    const mine = done.services.filter((each) =>
      each.endpoints.some(({ candidate }) => names.has(candidate)),
    )
    expect(mine).not.toEqual([])
    expect(
      mine.map(({ name, hosts, balance, endpoints }) => ({
        name,
        hosts,
        balance,
        endpoints: endpoints.map((each) => `${each.candidate} ${each.weight}`).sort(),
      })),
    ).toEqual(
      said.routes.map(({ service, hosts, balance, containers }) => ({
        name: service,
        hosts,
        balance,
        endpoints: containers
          .flatMap(({ container, weight }) =>
            containerNames(sampleOf(samples, container)).map((name) => `${name} ${weight}`),
          )
          .sort(),
      })),
    )
    const leftOut = done.leftOut.filter(({ name }) => names.has(name))
    expect(leftOut.map(({ name }) => name).sort()).toEqual(
      said.leftOut.flatMap(({ container }) => containerNames(sampleOf(samples, container))).sort(),
    )
    const told = done.problems
      .filter(({ where }) => where.includes(stage.name('')))
      .map(({ what }) => what)
    const foretold = said.problems.map(({ what }) =>
      what.replace('(network_mode: none)', '(--network none)'),
    )
    expect(told.length).toBeGreaterThan(3)
    expect(told.filter((what) => !foretold.includes(what))).toEqual([])
    // Why a container is left out is told with it.
    const all = [...told, ...leftOut.map(({ reason }) => reason)]
    expect(foretold.filter((what) => !all.includes(what))).toEqual([])
  })
})

/** Containers that the daemon has decided about. */
async function seen(names: ReadonlySet<string>): Promise<readonly string[]> {
  const { services, leftOut } = await stage.status()
  const candidates = [
    ...services.flatMap(({ endpoints }) => endpoints.map(({ candidate }) => candidate)),
    ...leftOut.map(({ name }) => name),
  ]
  return [...new Set(candidates)].filter((name) => names.has(name))
}

function sampleOf(samples: readonly Sample[], name: string): Sample {
  const sample = samples.find((each) => each.name === name)
  if (sample === undefined) throw new Error(`there is no sample ${name}`)
  return sample
}

/** As Compose names them. */
function containerNames({ name, replicas = 1 }: Sample): readonly string[] {
  return Array.from({ length: replicas }, (_, at) => `${stage.name('')}-${name}-${at + 1}`)
}

function labelsOf({ labels }: Sample): Readonly<Record<string, string>> {
  return { 'fairlead.enable': 'true', ...labels }
}

/** YAML has all of JSON. */
function composeOf(samples: readonly Sample[], front: string): object {
  const services = samples.map((sample) => {
    const { name, replicas, env = [], exposed = [], network } = sample
    const isMode = network === 'none' || network === 'host'
    const place = network === undefined ? 'bridge' : network
    const service = {
      image: 'fairlead-e2e/web',
      expose: ['80', ...exposed],
      labels: labelsOf(sample),
      environment: [`SERVICE_NAME=${stage.name(name)}`, ...env],
      ...(isMode || network === undefined ? { network_mode: place } : { networks: [place] }),
      ...(replicas === undefined ? {} : { scale: replicas }),
    }
    return [name, service] as const
  })
  return {
    name: stage.name(''),
    services: Object.fromEntries(services),
    networks: { front: { name: front } },
  }
}

async function start(sample: Sample, front: string): Promise<void> {
  const { name, labels, env, exposed, network } = sample
  for (const container of containerNames(sample)) {
    const options: ContainerOptions = {
      service: stage.name(name),
      name: container,
      labels: labels ?? {},
      env: env ?? [],
      exposedPorts: exposed ?? [],
      ...(network === undefined ? {} : { network: network === 'front' ? front : network }),
    }
    await stage.startContainer(options)
  }
}
