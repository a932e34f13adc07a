import { X509Certificate } from 'node:crypto'
import type { CrtListEntry } from '../config/crt-list.ts'

/**
 * The names a certificate is chosen by, each with the kind of its key: HAProxy holds one certificate
 * of each kind for a name, the one that it has met first. Undefined for what is no certificate.
 */
export function namesOf(
  content: string,
  entries: readonly CrtListEntry[],
): ReadonlySet<string> | undefined {
  const certificate = readCertificate(content)
  if (certificate === undefined) return undefined
  const kind = certificate.publicKey.asymmetricKeyType ?? ''
  const subject = /^CN=(.+)$/m.exec(certificate.subject)?.[1]
  const alternatives = (certificate.subjectAltName ?? '').split(/, */)
  const own = alternatives.flatMap((name) => (name.startsWith('DNS:') ? [name.slice(4)] : []))
  const filters = entries.flatMap((entry) => entry.filters)
  const names = [...own, ...(subject === undefined ? [] : [subject]), ...filters]
  return new Set(names.map((name) => `${kind} ${name.toLowerCase()}`))
}

function readCertificate(content: string): X509Certificate | undefined {
  try {
    return new X509Certificate(content)
  } catch {
    // What it is instead is for HAProxy to say.
    return undefined
  }
}
