import { isAbsolute } from 'node:path'

/** A folder that HAProxy sees at another place than we do: a volume mounted into two containers. */
export type PathPair = { readonly theirs: string; readonly ours: string }

/** Where a path that HAProxy names is for us; the longest folder that fits counts. */
export function pathHere(path: string, pairs: readonly PathPair[]): string {
  return translate(path, pairs, ({ theirs, ours }) => [theirs, ours])
}

/** Where a file of ours is for HAProxy. */
export function pathThere(path: string, pairs: readonly PathPair[]): string {
  return translate(path, pairs, ({ theirs, ours }) => [ours, theirs])
}

function translate(
  path: string,
  pairs: readonly PathPair[],
  order: (pair: PathPair) => readonly [from: string, to: string],
): string {
  if (!isAbsolute(path)) return path
  let best: readonly [from: string, to: string] | undefined
  for (const pair of pairs) {
    const [from, to] = order(pair).map(withoutSlash)
    if (from === undefined || to === undefined) continue
    const isInside = path === from || path.startsWith(`${from}/`)
    if (isInside && from.length >= (best?.[0].length ?? 0)) best = [from, to]
  }
  return best === undefined ? path : `${best[1]}${path.slice(best[0].length)}` || '/'
}

function withoutSlash(folder: string): string {
  return folder.replace(/\/+$/, '')
}
