import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { connect } from 'node:tls'

export type MadeCertificate = {
  readonly certificate: string
  readonly key: string
  /** Both in one, as HAProxy wants them. */
  readonly pem: string
}

/** A self-signed certificate for these names, the first of which is its subject (RFC 5280). */
export function makeCertificate(...names: readonly string[]): MadeCertificate {
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const subject = sequence(set(sequence(oid.commonName, der(0x0c, Buffer.from(names[0] ?? '')))))
  const alternatives = sequence(...names.map((name) => der(0x82, Buffer.from(name))))
  const isAuthority = sequence(der(0x01, Buffer.from([0xff])))
  const extensions = sequence(
    sequence(oid.subjectAltName, der(0x04, alternatives)),
    sequence(oid.basicConstraints, der(0x04, isAuthority)),
  )
  const algorithm = sequence(oid.ecdsaWithSha256)
  const times = ['200101000000Z', '491231235959Z'].map((time) => der(0x17, Buffer.from(time)))
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    subject,
    sequence(...times),
    subject,
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  )
  const signature = sign('sha256', content, pair.privateKey)
  const bits = der(0x03, Buffer.concat([Buffer.from([0]), signature]))
  const certificate = pemOf(sequence(content, algorithm, bits))
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { certificate, key, pem: certificate + key }
}

const oid = {
  commonName: der(0x06, Buffer.from('550403', 'hex')),
  subjectAltName: der(0x06, Buffer.from('551d11', 'hex')),
  basicConstraints: der(0x06, Buffer.from('551d13', 'hex')),
  ecdsaWithSha256: der(0x06, Buffer.from('2a8648ce3d040302', 'hex')),
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

function set(...parts: readonly Buffer[]): Buffer {
  return der(0x31, Buffer.concat(parts))
}

/** Tag, length and content (X.690 §8.1). */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const long = length > 0xff ? [0x82, length >> 8, length & 0xff] : [0x81, length]
  return Buffer.concat([Buffer.from([tag, ...(length < 0x80 ? [length] : long)]), content])
}

function pemOf(raw: Buffer): string {
  const lines = raw.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

/** The certificate that a server on loopback shows for a name, in PEM. */
export function shownCertificate(port: number, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      servername: name,
      rejectUnauthorized: false,
    })
    socket.on('secureConnect', () => {
      const { raw } = socket.getPeerCertificate()
      socket.destroy()
      resolve(pemOf(raw))
    })
    socket.on('error', reject)
    socket.setTimeout(10_000, () => socket.destroy(new Error('no handshake within 10 s')))
  })
}
