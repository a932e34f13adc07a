import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'

export type MadeCertificate = {
  readonly certificate: string
  readonly key: string
  /** Both in one, as HAProxy wants them. */
  readonly pem: string
}

/** A self-signed certificate for these names, the first of which is its subject; made by openssl. */
export function makeCertificate(...names: readonly string[]): MadeCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-certificate-'))
  try {
    const [key, certificate] = [join(folder, 'key'), join(folder, 'certificate')]
    const alternatives = names.map((name) => `DNS:${name}`).join(',')
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    const subject = ['-subj', `/CN=${names[0] ?? ''}`, '-addext', `subjectAltName=${alternatives}`]
    const files = ['-keyout', key, '-out', certificate]
    execFileSync('openssl', ['req', '-x509', ...curve, '-days', '30', ...subject, ...files], {
      stdio: 'pipe',
    })
    const texts = [certificate, key].map((path) => readFileSync(path, 'utf8'))
    const [first = '', second = ''] = texts
    return { certificate: first, key: second, pem: first + second }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The certificate that is shown for a name, in PEM; `own` is shown for oneself. */
export function shownCertificate(
  port: number,
  name: string,
  own?: MadeCertificate,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      servername: name,
      rejectUnauthorized: false,
      ...(own === undefined ? {} : { cert: own.certificate, key: own.key, maxVersion: 'TLSv1.2' }),
    })
    socket.on('secureConnect', () => {
      const base64 = socket.getPeerCertificate().raw.toString('base64')
      socket.destroy()
      const lines = base64.match(/.{1,64}/g) ?? []
      resolve(['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'))
    })
    socket.on('error', reject)
    socket.setTimeout(10_000, () => socket.destroy(new Error('no handshake within 10 s')))
  })
}
