import { goFunction } from '../../go/functions.ts'
import { stringType } from '../../go/types.ts'
import type { FunctionSet } from '../function-set.ts'

/** The shortest path that means the same, by its text alone; `.` for an empty one. */
function cleaned(path: string): string {
  const isAbsolute = path.startsWith('/')
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue
    const isUp = segment === '..'
    const last = kept.at(-1)
    if (!isUp || (last === undefined && !isAbsolute) || last === '..') kept.push(segment)
    else kept.pop()
  }
  return (isAbsolute ? '/' : '') + kept.join('/') || '.'
}

function base(path: string): string {
  if (path === '') return '.'
  let end = path.length
  while (path[end - 1] === '/') end--
  return end === 0 ? '/' : path.slice(path.lastIndexOf('/', end - 1) + 1, end)
}

const directory = (path: string): string => cleaned(path.slice(0, path.lastIndexOf('/') + 1))

/** What follows the last dot of the last segment, with the dot. */
const extension = (path: string): string => /\.[^./]*$/.exec(path)?.[0] ?? ''

const byName: FunctionSet = {
  base: goFunction([stringType], base),
  dir: goFunction([stringType], directory),
  clean: goFunction([stringType], cleaned),
  ext: goFunction([stringType], extension),
  isAbs: goFunction([stringType], (path) => path.startsWith('/')),
}

/** Paths with slashes, of files and of URLs alike. */
export const pathFunctions: FunctionSet = {
  ...byName,
  ...Object.fromEntries(
    Object.entries(byName).map(([name, call]) => [
      `os${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      call,
    ]),
  ),
}
