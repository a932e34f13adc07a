import type { ConfigText } from '../../model/desired-state.ts'
import type { FileUse } from '../config/file-use.ts'
import { filesOfLine } from '../config/named-files.ts'

/**
 * What for a text names a file by this very path: found by search, since one map among thousands of
 * servers must not cost a look at all of them. Empty where it does not; `other` stands also for a
 * mention that is not understood.
 */
export function usesOf(text: ConfigText, path: string): ReadonlySet<FileUse> {
  const uses = new Set<FileUse>()
  for (const stretch of text.sections ?? [text.config]) {
    for (let at = stretch.indexOf(path); at !== -1;) {
      const start = stretch.lastIndexOf('\n', at) + 1
      const feed = stretch.indexOf('\n', at)
      const end = feed === -1 ? stretch.length : feed
      for (const use of usesInLine(stretch.slice(start, end), path)) uses.add(use)
      at = stretch.indexOf(path, end)
    }
  }
  return uses
}

function usesInLine(line: string, path: string): FileUse[] {
  if (/^[ \t]*#/.test(line)) return []
  const files = filesOfLine({ text: line, number: 0 }, noBases)
  const uses = files.filter((file) => file.path === path).map(({ use }) => use)
  const around = line.split(path)
  // A part of a longer path or word is another file, or none: `list` in `crt-list`.
  const mentions = around.slice(1).filter((rest, index) => {
    return !/^[A-Za-z0-9_./-]/.test(rest) && !/[A-Za-z0-9_./-]$/.test(around[index] ?? '')
  })
  return mentions.length > uses.length ? [...uses, 'other'] : uses
}

const noBases: ReadonlyMap<string, string> = new Map()
