import { describe, expect, it } from 'vitest'
import { makeCertificate } from '../../../test/support/certificates.ts'
import { fileDigest, unknownContent, withoutKeys } from '../../model/file-digest.ts'
import { capabilitiesOf } from '../capabilities.ts'
import { showCommand } from '../runtime/words.ts'
import { planChanges } from './plan-changes.ts'
import type { Plan } from './plan.ts'

const [a, newer, b, c] = ['a.test', 'a.test', 'b.test', 'c.test'].map((name) =>
  makeCertificate(name),
)
const [pemA, pemNewer, pemB, pemC] = [a, newer, b, c].map((made) => made?.pem ?? '')

const config = `global
  crt-base /certs
frontend web
  bind :443 ssl crt a.pem crt /more/ crt-list /lists/l ca-file /c/ca.pem crl-file /c/crl
`
const loaded = {
  '/certs/a.pem': pemA,
  '/more/b.pem': pemB,
  '/lists/l': 'a.pem a.test\n',
  '/c/ca.pem': a?.certificate,
  '/c/crl': '-----BEGIN X509 CRL-----\nMA==\n-----END X509 CRL-----\n',
}
type Changes = Readonly<Record<string, string | undefined>>

function filesOf(changes: Changes): Map<string, string> {
  const all = Object.entries({ ...loaded, ...changes })
  return new Map(all.flatMap(([path, text]) => (text === undefined ? [] : [[path, text] as const])))
}

function plan(changes: Changes, before: Changes = {}): Plan {
  return planChanges(
    { config, files: withoutKeys(filesOf(before)), servers: new Map() },
    { config, files: filesOf(changes), servers: new Map() },
    capabilitiesOf('3.4.7'),
  )
}

/** What would be sent, as it may be shown, without sizes; or why not. */
function lines(found: Plan): string[] {
  if (found.kind === 'reload') return found.reasons.map(({ text }) => `because ${text}`)
  const commands = found.kind === 'runtime' ? found.commands : []
  return commands.map((command) => showCommand(command).replace(/ <<.*$/, ' <<'))
}

describe('a plan for certificates', () => {
  it('is empty where a digest is that of the same certificate', () => {
    expect(plan({}).kind).toBe('none')
    expect(filesOf({}).get('/certs/a.pem')).toContain('PRIVATE KEY')
    expect([...withoutKeys(filesOf({})).values()].join('')).not.toContain('PRIVATE KEY')
  })

  it('replaces what has another content, or one that is not known', () => {
    const replaced = ['set ssl cert /certs/a.pem <<', 'commit ssl cert /certs/a.pem']
    expect(lines(plan({ '/certs/a.pem': pemNewer }))).toEqual(replaced)
    expect(lines(plan({}, { '/certs/a.pem': unknownContent }))).toEqual(replaced)
  })

  it('sends a key in a file of its own along', () => {
    const [before, after] = [a, newer].map((made) => ({
      '/certs/a.pem': made?.certificate,
      '/certs/a.pem.key': made?.key,
    }))
    expect(lines(plan(after ?? {}, before))).toEqual([
      'set ssl cert /certs/a.pem <<',
      'set ssl cert /certs/a.pem.key <<',
      'commit ssl cert /certs/a.pem',
    ])
    expect(lines(plan({ ...after, '/certs/a.pem.ocsp': 'x' }, before))).toContain(
      'because file /certs/a.pem: has a stapled answer or timestamps beside it, which are binary',
    )
  })

  it('brings new certificates into a list and a folder', () => {
    expect(
      lines(plan({ '/certs/c.pem': pemC, '/lists/l': 'a.pem a.test\nc.pem [alpn h2] *.c.test\n' })),
    ).toEqual([
      'new ssl cert /certs/c.pem',
      'set ssl cert /certs/c.pem <<',
      'commit ssl cert /certs/c.pem',
      'add ssl crt-list /lists/l <<',
    ])
    expect(lines(plan({ '/more/c.pem': pemC }))).toEqual([
      'new ssl cert /more/c.pem',
      'set ssl cert /more/c.pem <<',
      'commit ssl cert /more/c.pem',
      'add ssl crt-list /more <<',
    ])
  })

  it('takes them out again, last', () => {
    const more = { '/certs/c.pem': pemC, '/lists/l': 'a.pem a.test\nc.pem c.test\n' }
    expect(lines(plan({}, more))).toEqual([
      'del ssl crt-list /lists/l /certs/c.pem',
      'del ssl cert /certs/c.pem',
    ])
    expect(lines(plan({}, { '/more/c.pem': pemC }))).toEqual([
      'del ssl crt-list /more /more/c.pem',
      'del ssl cert /more/c.pem',
    ])
  })

  it('leaves to a reload what commands would make otherwise', () => {
    const because = (changes: Changes, before?: Changes): string =>
      lines(plan(changes, before)).join('\n')
    expect(because({ '/more/0.pem': pemC })).toContain('another certificate comes first')
    expect(because({ '/more/c.pem': pemNewer })).toContain('shares the name a.test with a.pem')
    expect(because({ '/lists/l': 'b.pem\na.pem a.test\n' })).toContain('not at hand')
    const list = 'a.pem a.test\n/more/b.pem [alpn h2] b.test\n'
    const other = 'a.pem a.test\n/more/b.pem [alpn http/1.1] b.test\n'
    expect(because({ '/lists/l': other }, { '/lists/l': list })).toContain('more than one entry')
    const naming = 'a.pem a.test\n/more/b.pem [ca-file /c/x] b.test\n'
    expect(because({ '/lists/l': naming })).toContain('options that name files')
    expect(because({ '/lists/l': 'a.pem a.test\n"b pem"\n' })).toContain('nothing that can be')
    expect(
      because({ '/certs/a.pem': Array.from({ length: 30 }, () => pemNewer).join('') }),
    ).toContain('cannot be sent as a command')
    expect(because({ '/certs/a.pem': fileDigest('x') })).toContain('not at hand')
  })

  it('leaves a crt-list to a reload of which it is not known what was loaded', () => {
    const list = 'a.pem a.test\nc.pem\n'
    const found = plan({ '/certs/c.pem': pemC, '/lists/l': list }, { '/lists/l': unknownContent })
    expect(lines(found)).toEqual([
      'because file /lists/l: the content that was loaded is not known',
    ])
  })

  it('knows a list by a relative path that is a part of other words', () => {
    const config = 'frontend web\n  bind :443 ssl crt-list list\n'
    const state = (files: Record<string, string>) => ({
      config,
      files: new Map(Object.entries(files)),
      servers: new Map(),
    })
    const before = state({ list: 'a.pem\n', 'a.pem': pemA ?? '' })
    const after = state({ list: 'a.pem\nb.pem\n', 'a.pem': pemA ?? '', 'b.pem': pemB ?? '' })
    expect(lines(planChanges(before, after, capabilitiesOf('3.4.7')))).toContain(
      'add ssl crt-list list <<',
    )
  })

  it('replaces authorities and revocations', () => {
    expect(lines(plan({ '/c/ca.pem': b?.certificate }))).toEqual([
      'set ssl ca-file /c/ca.pem <<',
      'commit ssl ca-file /c/ca.pem',
    ])
    const revoked = '-----BEGIN X509 CRL-----\nMB==\n-----END X509 CRL-----\n'
    expect(lines(plan({ '/c/crl': revoked }))).toEqual([
      'set ssl crl-file /c/crl <<',
      'commit ssl crl-file /c/crl',
    ])
  })
})
