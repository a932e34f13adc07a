import { createHash } from 'node:crypto'
import { bytesOfText } from '../../go/byte-text.ts'
import { goFunction } from '../../go/functions.ts'
import { anyType, stringType } from '../../go/types.ts'
import type { GoFunction, Value } from '../../go/values.ts'
import { TemplateError } from '../../template-error.ts'
import { jsonText } from '../formats/json-text.ts'
import type { JsonStyle } from '../formats/json-text.ts'
import { parseJson } from '../formats/parse-json.ts'
import type { FunctionSet } from '../function-set.ts'
import { base32, base64, decoded, encoded } from './base-texts.ts'

const hashing = (algorithm: string): GoFunction =>
  goFunction([stringType], (text) => createHash(algorithm).update(bytesOfText(text)).digest('hex'))

/** The checksum of zlib (RFC 1950), in decimal. */
function adler32(text: string): string {
  const modulus = 65_521
  let a = 1
  let b = 0
  for (const byte of bytesOfText(text)) {
    a = (a + byte) % modulus
    b = (b + a) % modulus
  }
  return String(b * 65_536 + a)
}

const writing = (style: JsonStyle): GoFunction =>
  goFunction([anyType], (value) => jsonText(value, style))

/** The functions without `must` give an empty value for what cannot be read or written. */
function attempt(call: () => Value, otherwise: Value): Value {
  try {
    return call()
  } catch (error) {
    if (error instanceof TemplateError) return otherwise
    throw error
  }
}

const attempting = (style: JsonStyle): GoFunction =>
  goFunction([anyType], (value) => attempt(() => jsonText(value, style), ''))

const safe: JsonStyle = { isSafeInHtml: true }
const pretty: JsonStyle = { isSafeInHtml: true, isPretty: true }

/** Other ways to write texts and values: base64, JSON, checksums. */
export const encodingFunctions: FunctionSet = {
  b64enc: goFunction([stringType], (text) => encoded(text, base64)),
  b64dec: goFunction([stringType], (text) => decoded(text, base64)),
  b32enc: goFunction([stringType], (text) => encoded(text, base32)),
  b32dec: goFunction([stringType], (text) => decoded(text, base32)),
  fromJson: goFunction([stringType], (text) => attempt(() => parseJson(text), null)),
  mustFromJson: goFunction([stringType], parseJson),
  toJson: attempting(safe),
  mustToJson: writing(safe),
  toPrettyJson: attempting(pretty),
  mustToPrettyJson: writing(pretty),
  toRawJson: attempting({}),
  mustToRawJson: writing({}),
  sha1sum: hashing('sha1'),
  sha256sum: hashing('sha256'),
  sha512sum: hashing('sha512'),
  adler32sum: goFunction([stringType], adler32),
}
