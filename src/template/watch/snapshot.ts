import { createHash } from 'node:crypto'
import { FairleadError } from '../../model/errors.ts'
import type { AnswerOf } from '../catalogue.ts'
import type { Knowledge } from '../contract.ts'
import type { Dependency } from '../dependency.ts'
import type { AnyAnswer } from './digest.ts'

/** The first word of the text; another shape of what follows gets another number. */
const format = 'fairlead-answers-1'

/** A dependency's name and kind, and what it got. */
export type SavedAnswer = {
  readonly name: string
  readonly kind: Dependency['kind']
  readonly answer: AnyAnswer
}

/**
 * The answers as text: one line with the format and the checksum of the rest, then one of JSON.
 * Maps are `{"map": [[key, value], …]}` in it, whole numbers without limit `{"int": "1"}`.
 */
export function snapshotText(answers: readonly SavedAnswer[]): string {
  const body = `${JSON.stringify(answers, encoded)}\n`
  return `${format} ${checksumOf(body)}\n${body}`
}

/**
 * What a snapshot knows. Throws FairleadError `snapshot_refused` for a text that is not whole, or
 * has another format.
 */
export function openSnapshot(text: string): Knowledge {
  const end = text.indexOf('\n')
  const [name, checksum] = text.slice(0, Math.max(end, 0)).split(' ')
  if (name !== format) throw refused('it is not one, or of another version')
  const body = text.slice(end + 1)
  if (checksumOf(body) !== checksum) throw refused('it is not whole')
  const saved = JSON.parse(body, decoded) as readonly SavedAnswer[]
  const answers = new Map(saved.map((each) => [each.name, each]))
  return {
    recall<D extends Dependency>({ name, kind }: D) {
      const known = answers.get(name)
      return known?.kind === kind ? (known.answer as AnswerOf[D['kind']]) : undefined
    },
  }
}

function refused(why: string): FairleadError {
  return new FairleadError('snapshot_refused', `a snapshot of answers cannot be used: ${why}`, {
    hint: 'it is written anew as soon as Consul answers',
  })
}

function checksumOf(body: string): string {
  return createHash('sha256').update(body).digest('hex')
}

function encoded(_key: string, value: unknown): unknown {
  if (value instanceof Map) return { map: [...value] }
  return typeof value === 'bigint' ? { int: String(value) } : value
}

function decoded(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const { map, int } = value as { readonly map?: unknown; readonly int?: unknown }
  if (Array.isArray(map)) return new Map(map as readonly (readonly [string, unknown])[])
  return typeof int === 'string' ? BigInt(int) : value
}
