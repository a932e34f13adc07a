import { createHash, createHmac } from 'node:crypto'
import { bytesOfText } from '../../go/byte-text.ts'
import { goFunction } from '../../go/functions.ts'
import { stringType } from '../../go/types.ts'
import type { FunctionSet } from '../function-set.ts'
import { decodedBase64, encodedBase64 } from './base64.ts'
import { refuseLongText } from './bounds.ts'

const hash = (algorithm: string) =>
  goFunction([stringType], (text) => createHash(algorithm).update(bytesOfText(text)).digest('hex'))

const encoding = (isUrl: boolean) =>
  goFunction([stringType], (text) => {
    const bytes = bytesOfText(text)
    refuseLongText((bytes.length / 3) * 4)
    return encodedBase64(bytes, isUrl)
  })

const decoding = (name: string, isUrl: boolean) =>
  goFunction([stringType], (text) => decodedBase64(name, text, isUrl))

/** Functions on the bytes of texts. */
export const encodingFunctions: FunctionSet = {
  base64Encode: encoding(false),
  base64Decode: decoding('base64Decode', false),
  base64URLEncode: encoding(true),
  base64URLDecode: decoding('base64URLDecode', true),
  md5sum: hash('md5'),
  sha256Hex: hash('sha256'),
  hmacSHA256Hex: goFunction([stringType, stringType], (message, key) =>
    createHmac('sha256', bytesOfText(key)).update(bytesOfText(message)).digest('hex'),
  ),
}
