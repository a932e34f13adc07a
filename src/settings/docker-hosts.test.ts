import { describe, expect, it } from 'vitest'
import { SettingsError } from './errors.ts'
import type { FlagValues } from './given.ts'
import { loadSettings } from './load.ts'
import type { SettingsInput } from './load.ts'
import type { Settings } from './settings.ts'

function load(changes: Partial<SettingsInput>): Settings {
  return loadSettings({
    flags: {},
    environment: {},
    cwd: '/nowhere',
    isRoot: false,
    homeFolder: '/home/ann',
    isTerminal: false,
    systemFolder: '/nowhere',
    ...changes,
  })
}

/** As lines, `where: what`. */
function mistakesOf(changes: Partial<SettingsInput>): readonly string[] {
  try {
    load(changes)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    return error.mistakes.map(({ where, what }) => `${where}: ${what}`)
  }
  return []
}

const flagMistakes = (flags: FlagValues): readonly string[] => mistakesOf({ flags })

describe('docker', () => {
  it('follows DOCKER_HOST and its TLS variables like the docker command', () => {
    const environment = { DOCKER_HOST: 'tcp://h:2376', DOCKER_TLS_VERIFY: '1' }
    expect(load({ environment }).docker).toEqual([
      { name: undefined, url: 'tcp://h:2376', certFolder: '/home/ann/.docker' },
    ])
    const elsewhere = { ...environment, DOCKER_CERT_PATH: '/certs' }
    expect(load({ environment: elsewhere }).docker[0]?.certFolder).toBe('/certs')
    const flags = { docker: ['a=tcp://a:2376?certs=/a', 'unix:///run/d.sock'] }
    expect(load({ environment: elsewhere, flags }).docker).toEqual([
      { name: 'a', url: 'tcp://a:2376', certFolder: '/a' },
      { name: undefined, url: 'unix:///run/d.sock', certFolder: undefined },
    ])
    expect(mistakesOf({ environment: { DOCKER_HOST: 'npipe://x' } })[0]).toMatch(/^DOCKER_HOST: /)
  })

  it('can be none, which stands alone', () => {
    expect(load({ flags: { docker: ['none'] } }).docker).toEqual([])
    expect(flagMistakes({ docker: ['none', 'ssh://h'] })).toEqual([
      '--docker: none cannot stand beside a daemon',
    ])
    expect(flagMistakes({ docker: ['a=ssh://h', 'a=ssh://i'] })).toEqual([
      '--docker: two daemons cannot have one name',
    ])
  })
})

describe('swarm', () => {
  it('needs a Docker daemon', () => {
    expect(load({ flags: { swarm: true } }).swarm).toBe(true)
    expect(flagMistakes({ swarm: true, docker: ['none'] })).toEqual([
      '--swarm: needs the Docker daemon of a manager, and there is none',
    ])
  })

  it('goes with the embedded registry only', () => {
    expect(flagMistakes({ swarm: true, registry: 'consul://' })).toEqual([
      '--swarm: fills the embedded registry, and the registry is Consul',
    ])
  })
})
