import type { KeyPair } from '../catalogue.ts'
import { textOfBytes } from '../go/byte-text.ts'
import type { PairAnswer } from './answers.ts'

/** The value of a pair; bytes that are not UTF-8 are kept. */
export function pairText({ Value }: Pick<PairAnswer, 'Value'>): string {
  return textOfBytes(Buffer.from(Value ?? '', 'base64'))
}

/** `GET /v1/kv/PREFIX?recurse`, in its order. */
export function pairRecords(answer: readonly PairAnswer[], prefix: string): readonly KeyPair[] {
  return answer.map((pair) => {
    const rest = pair.Key.startsWith(prefix) ? pair.Key.slice(prefix.length) : pair.Key
    return {
      Path: pair.Key,
      Key: rest.replace(/^\/+/, ''),
      Value: pairText(pair),
      CreateIndex: BigInt(pair.CreateIndex ?? 0),
      ModifyIndex: BigInt(pair.ModifyIndex ?? 0),
      LockIndex: BigInt(pair.LockIndex ?? 0),
      Flags: BigInt(pair.Flags ?? 0),
      Session: pair.Session ?? '',
    }
  })
}
