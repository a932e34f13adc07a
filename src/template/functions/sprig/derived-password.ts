import { createHmac, scryptSync } from 'node:crypto'
import { bytesOfText } from '../../go/byte-text.ts'
import { callFailure } from '../../go/failure.ts'

/*
 * Passwords derived from a master password, by the public Master Password algorithm (version of
 * 2012): scrypt for the key, HMAC-SHA256 for a site's seed, and templates of kinds of characters.
 */

const scope = 'com.lyndir.masterpassword'

const templates: Readonly<Record<string, string>> = {
  maximum: 'anoxxxxxxxxxxxxxxxxx axxxxxxxxxxxxxxxxxno',
  long:
    'CvcvnoCvcvCvcv CvcvCvcvnoCvcv CvcvCvcvCvcvno CvccnoCvcvCvcv CvccCvcvnoCvcv CvccCvcvCvcvno ' +
    'CvcvnoCvccCvcv CvcvCvccnoCvcv CvcvCvccCvcvno CvcvnoCvcvCvcc CvcvCvcvnoCvcc CvcvCvcvCvccno ' +
    'CvccnoCvccCvcv CvccCvccnoCvcv CvccCvccCvcvno CvcvnoCvccCvcc CvcvCvccnoCvcc CvcvCvccCvccno ' +
    'CvccnoCvcvCvcc CvccCvcvnoCvcc CvccCvcvCvccno',
  medium: 'CvcnoCvc CvcCvcno',
  short: 'Cvcn',
  basic: 'aaanaaan aannaaan aaannaaa',
  pin: 'nnnn',
}

const kinds: Readonly<Record<string, string>> = {
  V: 'AEIOU',
  C: 'BCDFGHJKLMNPQRSTVWXYZ',
  v: 'aeiou',
  c: 'bcdfghjklmnpqrstvwxyz',
  A: 'AEIOUBCDFGHJKLMNPQRSTVWXYZ',
  a: 'AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz',
  n: '0123456789',
  o: "@&%?,=[]_:-+*$#!'^~;()/.",
  x: 'AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()',
}

const keyBytes = 64
const scryptMemoryBytes = 64 * 2 ** 20

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A password for a site; the counter gives further ones for the same. */
export function derivedPassword(
  counter: number,
  kind: string,
  password: string,
  user: string,
  site: string,
): string {
  const known = Object.hasOwn(templates, kind) ? templates[kind] : undefined
  if (known === undefined) throw callFailure(`cannot find password template ${kind}`)
  const userBytes = bytesOfText(user)
  const siteBytes = bytesOfText(site)
  const salt = Buffer.concat([Buffer.from(scope), uint32(userBytes.length), userBytes])
  const cost = { N: 32_768, r: 8, p: 2, maxmem: scryptMemoryBytes }
  const key = scryptSync(bytesOfText(password), salt, keyBytes, cost)
  const seed = createHmac('sha256', key)
    .update(
      Buffer.concat([Buffer.from(scope), uint32(siteBytes.length), siteBytes, uint32(counter)]),
    )
    .digest()
  const choices = known.split(' ')
  const template = choices[(seed[0] ?? 0) % choices.length] ?? ''
  return Array.from(template, (name, at) => {
    const characters = kinds[name] ?? ''
    return characters.charAt((seed[at + 1] ?? 0) % characters.length)
  }).join('')
}
