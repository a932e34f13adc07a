import type { BaseFolders, FileMention, FileUse } from './file-use.ts'

/** Lines that may hold `crt` and its like: binds, servers, and the sections about certificates. */
export function isCertificateKeyword(keyword: string, section: string): boolean {
  return (
    /^(?:bind|server|default-server|server-template|ssl-f-use)$/.test(keyword) ||
    (section === 'crt-store' && keyword === 'load')
  )
}

type Parameter = { readonly use: FileUse; readonly base?: string }

/** configuration.txt §5.1, §5.2: parameters of a bind or a server that name a file. */
const parameters: ReadonlyMap<string, Parameter> = new Map([
  ['crt', { use: 'certificate', base: 'crt-base' }],
  ['crt-list', { use: 'crt-list' }],
  ['ca-file', { use: 'ca', base: 'ca-base' }],
  ['ca-verify-file', { use: 'ca', base: 'ca-base' }],
  ['ca-sign-file', { use: 'other' }],
  ['crl-file', { use: 'crl', base: 'ca-base' }],
  ['tls-ticket-keys', { use: 'other' }],
])

/** configuration.txt, `crt-store`, `load`: parts of one certificate, each in a file. */
const storeParameters: ReadonlyMap<string, Parameter> = new Map([
  ['crt', { use: 'certificate', base: 'crt-base' }],
  ['key', { use: 'other', base: 'key-base' }],
  ['ocsp', { use: 'other', base: 'crt-base' }],
  ['issuer', { use: 'other', base: 'crt-base' }],
  ['sctl', { use: 'other', base: 'crt-base' }],
])

/** The files after `crt`, `ca-file`, …; `@…` names what is no file (`@system-ca`, a store's alias). */
export function certificateFiles(
  words: readonly string[],
  section: string,
  bases: BaseFolders,
): FileMention[] {
  const known = section === 'crt-store' ? storeParameters : parameters
  const mentions: FileMention[] = []
  for (let at = firstParameter.get(words[0] ?? '') ?? 1; at < words.length - 1; at += 1) {
    const parameter = known.get(words[at] ?? '')
    if (parameter === undefined) continue
    at += 1
    const path = words[at] ?? ''
    if (path.startsWith('@')) continue
    mentions.push({ path: behindBase(path, bases.get(parameter.base ?? '')), use: parameter.use })
  }
  return mentions
}

/** Where the parameters begin that follow names and addresses. */
const firstParameter: ReadonlyMap<string, number> = new Map([
  ['bind', 2],
  ['server', 3],
  ['server-template', 4],
])

/** A relative path behind the folder that a `…-base` setting names. */
export function behindBase(path: string, base: string | undefined): string {
  return path.startsWith('/') || base === undefined ? path : `${base}/${path}`
}
