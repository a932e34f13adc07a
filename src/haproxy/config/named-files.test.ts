import { describe, expect, it } from 'vitest'
import { namedFiles } from './named-files.ts'

/** `use path` for each file that the lines name, a `?` behind one that need not exist. */
function named(...lines: string[]): string[] {
  return namedFiles(`${lines.join('\n')}\n`).map(
    ({ path, use, isOptional }) => `${use} ${path}${isOptional ? '?' : ''}`,
  )
}

describe('namedFiles', () => {
  it('finds maps, and whether the order of their entries counts', () => {
    expect(
      named(
        'frontend web',
        '  use_backend %[req.hdr(host),lower,map(/m/a,app)]',
        '  http-request set-var(txn.x) path,map_beg_int(/m/b,0) if { src,map_ip(/m/c) -m found }',
        `  http-request set-header x "%[path,map_reg('/m/d e',1)]%[path,map_str(/m/f)]"`,
        '  http-request set-map(/m/g) %[src] 1',
        '  http-request deny if { req.hdr(x-map) -m str map_str }',
      ),
    ).toEqual([
      'map /m/a',
      'map /m/b',
      'map-ordered /m/c',
      'map-ordered /m/d e',
      'map /m/f',
      'written /m/g',
    ])
  })

  it('finds the pattern files of ACLs and conditions', () => {
    expect(
      named(
        'frontend web',
        '  acl bad src -n -f /a/bad -f /a/worse 10.0.0.1',
        '  acl word hdr(x) -m str -i -M -f /a/words.map',
        '  acl plain hdr(x) -- -f /a/none',
        '  http-request deny if !{ src -f /a/good } { path -m beg -f /a/paths } or bad',
        '  http-request add-acl(/a/seen) %[src]',
        '  use_backend b if { hdr(x) y -f /a/none }',
      ),
    ).toEqual([
      'acl /a/bad',
      'acl /a/worse',
      'map /a/words.map',
      'acl /a/good',
      'acl /a/paths',
      'written /a/seen',
    ])
  })

  it('finds certificates and lists, behind the folders that stand for all of them', () => {
    expect(
      named(
        'frontend web',
        '  bind :443 ssl crt a.pem crt /c/b.pem crt-list list ca-file ca.pem crl-file /c/crl verify optional',
        '  bind :444 ssl crt @store/alias ca-file @system-ca',
        'backend app',
        '  default-server ssl ca-file /c/ca ca-verify-file x.pem',
        '  server crt crt:1 ssl crt client.pem verify none',
        'global',
        '  crt-base /certs',
        '  ca-base /cas',
        'crt-store web',
        '  crt-base /store',
        '  key-base /keys',
        '  load crt s.pem key s.key ocsp s.ocsp alias s',
      ),
    ).toEqual([
      'certificate /certs/a.pem',
      'certificate /c/b.pem',
      'crt-list list',
      'ca /cas/ca.pem',
      'crl /c/crl',
      'ca /c/ca',
      'ca /cas/x.pem',
      'certificate /certs/client.pem',
      'other /store/s.pem',
      'other /keys/s.key',
      'other /store/s.ocsp',
    ])
  })

  it('finds what is read only when HAProxy is loaded', () => {
    expect(
      named(
        'global',
        '  lua-load /l/a.lua one two',
        '  ssl-dh-param-file /dh',
        'http-errors e',
        '  errorfile 404 /e/404.http',
        'defaults',
        '  errorfile 503 /e/503.http',
        'frontend web',
        '  errorfiles e',
        '  http-request return status 200 content-type text/plain file /p/a if { path /a }',
        '  http-request deny deny_status 400 errorfile /e/400.http',
        '  http-error status 500 lf-file /p/500',
        '  filter spoe engine x config /s/spoe.conf',
        '  http-request set-header file /none',
      ),
    ).toEqual([
      'other /l/a.lua',
      'other /dh',
      'other /e/404.http',
      'other /e/503.http',
      'other /p/a',
      'other /e/400.http',
      'other /p/500',
      'other /s/spoe.conf',
    ])
  })

  it('knows files that need not exist from those that are none', () => {
    expect(
      named(
        'frontend web',
        '  acl a src -f virt@seen -f opt@/a/may -f file@/a/must',
        '  use_backend %[path,map(virt@x)]',
        '  use_backend %[path,map(opt@/m/may)]',
        '  acl b src -f "${FOLDER}/x"',
        '  # acl c src -f /a/comment',
      ),
    ).toEqual(['acl /a/may?', 'acl /a/must', 'map /m/may?'])
  })

  it('says the line', () => {
    const [file] = namedFiles('# one\n\nfrontend web\n  acl a src -f /a\n')
    expect(file).toEqual({ path: '/a', use: 'acl', line: 4, isOptional: false })
  })
})
