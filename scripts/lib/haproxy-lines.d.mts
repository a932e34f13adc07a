export type HaproxyLine = '2.6' | '3.0' | '3.4'

export type FoundHaproxy = {
  readonly line: HaproxyLine
  readonly path: string
  readonly version: string
}

export const haproxyLines: readonly { readonly line: HaproxyLine }[]

export function findHaproxies(): readonly FoundHaproxy[]
