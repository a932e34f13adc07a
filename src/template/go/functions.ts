import { reflectedType, stringMapType, stringSliceType } from './types.ts'
import type { GoType, MapType, SliceType } from './types.ts'
import type { GoFunction, GoMap, List, Reflected, Value } from './values.ts'

/** Parameters of the types `[]string` and `map[string]string`. */
export const stringsParameter = stringSliceType as SliceType<List>
export const stringMapParameter = stringMapType as MapType<GoMap>

/** What arrives for a parameter of a type; anything for those that hold anything. */
type Held<T> = T extends GoType<infer H> ? (unknown extends H ? Value : H) : never
type HeldOfAll<Types extends readonly GoType[]> = { [Index in keyof Types]: Held<Types[Index]> }

/** What a template function gives back; null is nil. */
export type Result = Reflected | null

type Call = GoFunction['call']

function reflected(call: (...args: readonly never[]) => Result): Call {
  return (...args) => call(...args) ?? undefined
}

/** A function with fixed parameters. */
export function goFunction<const Types extends readonly GoType[]>(
  parameters: Types,
  call: (...args: HeldOfAll<Types>) => Result,
): GoFunction {
  return { kind: 'function', parameters, rest: undefined, call: reflected(call as Call) }
}

/** A function with fixed parameters and any number of further arguments of one type. */
export function variadicFunction<const Types extends readonly GoType[], Rest extends GoType>(
  parameters: Types,
  rest: Rest,
  call: (...args: [...HeldOfAll<Types>, ...(readonly Held<Rest>[])]) => Result,
): GoFunction {
  return { kind: 'function', parameters, rest, call: reflected(call as unknown as Call) }
}

/** A function of `count` arguments that looks at them as the evaluator has them. */
export function reflectedFunction(
  count: number,
  call: (...args: readonly Reflected[]) => Result,
): GoFunction {
  const parameters = Array.from({ length: count }, () => reflectedType)
  return { kind: 'function', parameters, rest: undefined, call: reflected(call) }
}

/** As {@link reflectedFunction}, with any number of further arguments. */
export function variadicReflectedFunction(
  count: number,
  call: (...args: readonly Reflected[]) => Result,
): GoFunction {
  return { ...reflectedFunction(count, call), rest: reflectedType }
}
