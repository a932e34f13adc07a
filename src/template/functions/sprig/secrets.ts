import {
  X509Certificate,
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
} from 'node:crypto'
import { messageOf } from '../../../model/errors.ts'
import { bytesOfText, textOfBytes } from '../../go/byte-text.ts'
import { callFailure } from '../../go/failure.ts'
import { goFunction, variadicReflectedFunction } from '../../go/functions.ts'
import { intType, stringType } from '../../go/types.ts'
import type { GoType, StructType } from '../../go/types.ts'
import { structOf } from '../../go/values.ts'
import type { Struct } from '../../go/values.ts'
import type { FunctionSet } from '../function-set.ts'
import { derivedPassword } from './derived-password.ts'

const certificateType: StructType = {
  kind: 'struct',
  name: 'sprig.certificate',
  fields: new Map<string, GoType>([
    ['Cert', stringType],
    ['Key', stringType],
  ]),
}

const blockBytes = 16
const cipher = 'aes-256-cbc'

/** A password as a key: cut, or filled up with zeros. */
function keyOf(password: string): Buffer {
  const key = Buffer.alloc(32)
  Buffer.from(bytesOfText(password)).copy(key)
  return key
}

/** AES-256 in CBC mode, in base64, with the random start in front. */
function encrypted(password: string, text: string): string {
  const start = randomBytes(blockBytes)
  const encryption = createCipheriv(cipher, keyOf(password), start)
  const body = [encryption.update(bytesOfText(text)), encryption.final()]
  return Buffer.concat([start, ...body]).toString('base64')
}

function decrypted(password: string, text: string): string {
  if (text === '') return ''
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length < 2 * blockBytes) throw callFailure('the encrypted text is too short')
  try {
    const decryption = createDecipheriv(cipher, keyOf(password), bytes.subarray(0, blockBytes))
    const body = decryption.update(bytes.subarray(blockBytes))
    return textOfBytes(Buffer.concat([body, decryption.final()]))
  } catch (error) {
    throw callFailure(`cannot decrypt: ${messageOf(error)}`, error)
  }
}

function newPrivateKey(kind: string): string {
  switch (kind) {
    case '':
    case 'rsa': {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 4096 })
      return privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
    }
    case 'ecdsa': {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      return privateKey.export({ type: 'sec1', format: 'pem' }).toString()
    }
    case 'ed25519': {
      const { privateKey } = generateKeyPairSync('ed25519')
      return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    }
    default:
      return `Unknown type ${kind}`
  }
}

/** A certificate and its key out of base64, once both are known to be such. */
function customCertificate(certificate: string, key: string): Struct {
  const [certificatePem, keyPem] = [certificate, key].map((text) =>
    Buffer.from(text, 'base64').toString(),
  )
  try {
    void new X509Certificate(certificatePem ?? '')
    createPrivateKey(keyPem ?? '')
  } catch (error) {
    throw callFailure(`unable to decode the certificate or its key: ${messageOf(error)}`, error)
  }
  return structOf(certificateType, { Cert: certificatePem ?? '', Key: keyPem ?? '' })
}

/** What needs bcrypt or the making of certificates, and what works on Go's times. */
const unsupported = [
  'bcrypt',
  'htpasswd',
  'genCA',
  'genCAWithKey',
  'genSelfSignedCert',
  'genSelfSignedCertWithKey',
  'genSignedCert',
  'genSignedCertWithKey',
  'ago',
  'toDate',
  'mustToDate',
  'must_date_modify',
  'mustDateModify',
  'unixEpoch',
]

function refusing(name: string) {
  return variadicReflectedFunction(0, () => {
    throw callFailure(`sprig_${name} is not supported by fairlead`)
  })
}

/** Keys, passwords and encryption; and names of functions that only fail when called. */
export const secretFunctions: FunctionSet = {
  ...Object.fromEntries(unsupported.map((name) => [name, refusing(name)])),
  derivePassword: goFunction(
    [intType, stringType, stringType, stringType, stringType],
    (counter, kind, password, user, site) =>
      derivedPassword(Number(BigInt.asUintN(32, counter)), kind, password, user, site),
  ),
  genPrivateKey: goFunction([stringType], newPrivateKey),
  buildCustomCert: goFunction([stringType, stringType], customCertificate),
  encryptAES: goFunction([stringType, stringType], encrypted),
  decryptAES: goFunction([stringType, stringType], decrypted),
}
