import { X509Certificate } from 'node:crypto'
import { refusalOf } from './replies.ts'
import { escapeWord } from './words.ts'

/** The command that tells of a certificate; never `dump ssl cert`, which tells its key. */
export function showCertificateCommand(path: string): string {
  return `show ssl cert ${escapeWord(path)}`
}

export function showAuthoritiesCommand(path: string): string {
  return `show ssl ca-file ${escapeWord(path)}`
}

/** Reads `show ssl cert`, the list: the names of all certificates. */
export function parseCertificatePaths(reply: string): string[] {
  if (refusalOf(reply) !== undefined) return []
  // One that is being changed has a mark in front, and stands there a second time.
  const names = reply.split('\n').filter((line) => line !== '' && !/^[#*]/.test(line))
  return [...new Set(names)]
}

/**
 * The SHA-1 fingerprints, in hex, that HAProxy tells of a certificate or of a file of them
 * (management.txt §9.3, `show ssl cert`); undefined when it does not have it.
 */
export function parseFingerprints(reply: string): string[] | undefined {
  if (refusalOf(reply) !== undefined) return undefined
  return [...reply.matchAll(/^SHA1 FingerPrint: ([0-9A-F]+)$/gim)].map(([, hex = '']) =>
    hex.toUpperCase(),
  )
}

/** The same of all certificates in a PEM file; undefined where one cannot be read. */
export function fingerprintsOf(pem: string): string[] | undefined {
  const blocks = pem.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END [A-Z ]+-----/g)
  try {
    return (blocks ?? []).map((block) =>
      new X509Certificate(block).fingerprint.replaceAll(':', '').toUpperCase(),
    )
  } catch {
    // It is HAProxy that says what is wrong with it.
    return undefined
  }
}
