import { describe, expect, it } from 'vitest'
import { SettingsError } from './errors.ts'
import type { FlagValues } from './given.ts'
import { loadSettings } from './load.ts'
import type { Settings } from './settings.ts'

function load(flags: FlagValues, environment: Record<string, string> = {}): Settings {
  return loadSettings({
    flags,
    environment,
    cwd: '/srv',
    isRoot: false,
    homeFolder: '/home/ann',
    isTerminal: false,
    systemFolder: '/nowhere',
  })
}

function mistakesOf(flags: FlagValues, environment?: Record<string, string>): readonly string[] {
  try {
    load(flags, environment)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    return error.mistakes.map(({ where, what }) => `${where}: ${what}`)
  }
  return []
}

describe('templates in place of routing', () => {
  it('count their paths from the folder where fairlead is started', () => {
    const { templates } = load({ template: ['haproxy.ctmpl', 'maps/a.ctmpl:maps/a.map'] })
    expect(templates).toEqual([
      { source: '/srv/haproxy.ctmpl', path: undefined },
      { source: '/srv/maps/a.ctmpl', path: '/srv/maps/a.map' },
    ])
  })

  it('have the addresses that HAProxy serves, so that none is left of the settings', () => {
    expect(load({ template: ['a.ctmpl'] }).http).toEqual([])
    expect(mistakesOf({ template: ['a.ctmpl'], admin: '127.0.0.1:8080' })).toEqual([])
  })

  it('refuse what only built-in routing needs, wherever it was given', () => {
    const what = 'is for built-in routing, and --template replaces it'
    expect(mistakesOf({ template: ['a.ctmpl'], http: ['*:80'] })).toEqual([`--http: ${what}`])
    const environment = { FAIRLEAD_DOMAIN: 'example.org' }
    expect(mistakesOf({ template: ['a.ctmpl'] }, environment)).toEqual([`FAIRLEAD_DOMAIN: ${what}`])
  })

  it('refuse a command, an empty part and a second configuration', () => {
    const noCommand = mistakesOf({ template: ['a.ctmpl:/x/haproxy.cfg:service haproxy reload'] })
    expect(noCommand).toEqual([expect.stringContaining('no command')])
    expect(mistakesOf({ template: ['a.ctmpl:'] })).toHaveLength(1)
    expect(mistakesOf({ template: [':/x'] })).toHaveLength(1)
    expect(mistakesOf({ template: ['a.ctmpl', 'b.ctmpl'] })).toEqual([
      '--template: one template can be the configuration, and /srv/a.ctmpl and /srv/b.ctmpl both are given without a PATH',
    ])
    expect(mistakesOf({ template: ['a.ctmpl', 'b.ctmpl:/m', 'c.ctmpl:/m'] })).toEqual([
      '--template: two templates are rendered to /m',
    ])
  })

  it('have delimiters, which say nothing without them', () => {
    const flags = { 'left-delimiter': '[[', 'right-delimiter': ']]' }
    expect(load({ ...flags, template: ['a'] })).toMatchObject({ leftDelimiter: '[[' })
    expect(mistakesOf(flags)).toHaveLength(2)
  })
})
