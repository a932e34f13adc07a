import { isDeepStrictEqual } from 'node:util'
import type { Random } from './random.ts'

/**
 * Something that must hold for every input: `check` throws where it does not. Inputs are texts by
 * name, so that they can be shown and made smaller.
 */
export type Target = {
  readonly name: string
  readonly generate: (random: Random) => Input
  readonly check: (input: Input) => void
}

export type Input = Readonly<Record<string, string>>

/** A property that does not hold. */
export class Violation extends Error {}

export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return
  throw new Violation(`${what}: ${show(actual)} instead of ${show(expected)}`)
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 600 ? `${text.slice(0, 600)}… (${text.length} characters)` : text
}
