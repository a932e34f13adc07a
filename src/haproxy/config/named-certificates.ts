import type { BaseFolders, FileMention, FileUse } from './file-use.ts'

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

/**
 * configuration.txt §12.7, `load`: parts of one certificate, each in a file; it has another
 * name than the file. */
const storeParameters: ReadonlyMap<string, Parameter> = new Map([
  ['crt', { use: 'other', base: 'crt-base' }],
  ['key', { use: 'other', base: 'key-base' }],
  ['ocsp', { use: 'other', base: 'crt-base' }],
  ['issuer', { use: 'other', base: 'crt-base' }],
  ['sctl', { use: 'other', base: 'crt-base' }],
])

/**
 * The files after `crt`, `ca-file`, … of a bind, a server or a crt-store; `@…` names what is no file
 * (`@system-ca`, a store's alias).
 */
export function certificateFiles(words: readonly string[], bases: BaseFolders): FileMention[] {
  const [keyword = ''] = words
  const first = firstParameter.get(keyword)
  if (first === undefined) return []
  const known = keyword === 'load' ? storeParameters : parameters
  const mentions: FileMention[] = []
  for (let at = first; at < words.length - 1; at += 1) {
    const parameter = known.get(words[at] ?? '')
    if (parameter === undefined) continue
    at += 1
    const path = words[at] ?? ''
    if (path.startsWith('@')) continue
    mentions.push({ path: behindBase(path, bases.get(parameter.base ?? '')), use: parameter.use })
  }
  return mentions
}

/** Where parameters begin, behind names and addresses. */
const firstParameter: ReadonlyMap<string, number> = new Map([
  ['bind', 2],
  ['server', 3],
  ['server-template', 4],
  ['default-server', 1],
  ['ssl-f-use', 1],
  ['load', 1],
])

/** A relative path behind the folder that a `…-base` setting names. */
export function behindBase(path: string, base: string | undefined): string {
  return path.startsWith('/') || base === undefined ? path : `${base}/${path}`
}
