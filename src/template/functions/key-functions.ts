import type { KeyPair } from '../catalogue.ts'
import { goFunction } from '../go/functions.ts'
import { stringType } from '../go/types.ts'
import type { GoFunction, List } from '../go/values.ts'
import { keyPairs } from './consul-structures.ts'
import type { FunctionInputs, FunctionMaker } from './function-set.ts'
import { parseKeyQuery, parseKeysQuery } from './queries.ts'
import { once } from './structures.ts'

const noPairs = keyPairs.toGo([])

type Selection = (pairs: readonly KeyPair[]) => readonly KeyPair[]

/** Keys right under the prefix. */
const directly: Selection = once((pairs: readonly KeyPair[]) =>
  pairs.filter(({ Key }) => Key !== '' && !Key.includes('/')),
)

/** All keys but those that only mark folders. */
const deeply: Selection = once((pairs: readonly KeyPair[]) =>
  pairs.filter(({ Key }) => Key !== '' && !Key.endsWith('/')),
)

/** `ls` and `tree`; the safe ones wait as long as there is nothing. */
function listing(select: Selection, isSafe: boolean, inputs: FunctionInputs): GoFunction {
  return goFunction([stringType], (text): List => {
    if (text === '') return noPairs
    const query = parseKeysQuery(text)
    const answer = inputs.recall(query)
    if (answer === undefined) return noPairs
    const selected = select(answer)
    if (isSafe && selected.length === 0) inputs.waitFor(query)
    return keyPairs.toGo(selected)
  })
}

/** What the key-value store holds. An empty path is nothing, without asking. */
export const keyFunctions: FunctionMaker = (inputs) => {
  const { recall } = inputs
  return {
    key: goFunction([stringType], (text) =>
      text === '' ? '' : (recall(parseKeyQuery('kv.block', text)) ?? ''),
    ),
    keyExists: goFunction([stringType], (text) =>
      text === '' ? false : recall(parseKeyQuery('kv.get', text))?.text !== undefined,
    ),
    keyOrDefault: goFunction([stringType, stringType], (text, otherwise) =>
      text === '' ? otherwise : recall(parseKeyQuery('kv.get', text))?.text || otherwise,
    ),
    ls: listing(directly, false, inputs),
    tree: listing(deeply, false, inputs),
    safeLs: listing(directly, true, inputs),
    safeTree: listing(deeply, true, inputs),
  }
}
