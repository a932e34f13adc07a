import { randomInt } from 'node:crypto'
import { callFailure } from '../../go/failure.ts'
import { goFunction } from '../../go/functions.ts'
import { intType, stringType } from '../../go/types.ts'
import type { FunctionSet } from '../function-set.ts'

/** The greatest span that node:crypto chooses from. */
const greatestSpan = 2n ** 48n - 1n

function chosen(least: bigint, end: bigint): bigint {
  const span = end - least
  if (span <= 0n) throw callFailure('invalid argument to Intn')
  if (span > greatestSpan) throw callFailure('randInt: the span is too large')
  return least + BigInt(randomInt(Number(span)))
}

function shuffled(text: string): string {
  const characters = Array.from(text)
  for (let at = characters.length - 1; at > 0; at--) {
    const other = randomInt(at + 1)
    const moved = characters[at] ?? ''
    characters[at] = characters[other] ?? ''
    characters[other] = moved
  }
  return characters.join('')
}

/** The functions that give something else each time. */
export const chanceFunctions: FunctionSet = {
  randInt: goFunction([intType, intType], chosen),
  shuffle: goFunction([stringType], shuffled),
}
