import type { Problem } from '../../model/problem.ts'
import { hasFittingBlocks } from './resolve-conditions.ts'
import { countLines, isSectionKeyword, splitSections } from './sections.ts'

/** One of several files that HAProxy reads as one configuration. */
export type ConfigFile = { readonly path: string; readonly text: string }

export type JoinedFiles = {
  /** Of all files, each beginning on a line of its own. */
  readonly text: string
  /** Where a line of the text stands, both counted from 1; undefined for one that is not there. */
  readonly locate: (line: number) => { readonly path: string; readonly line: number } | undefined
}

/**
 * The files that HAProxy reads of a folder given by `-f`, in its order (management.txt §3): those
 * that end in `.cfg` and are not hidden, by the bytes of their names. Folders are the caller's to
 * leave out.
 */
export function configFileNames(names: readonly string[]): string[] {
  return names
    .filter((name) => name.endsWith('.cfg') && !name.startsWith('.'))
    .toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
}

/**
 * Several files (`-f` given more than once, or a folder) as one text that means the same, with the
 * way back from its lines to theirs.
 *
 * HAProxy reads them one after the other, and a section ends with its file, as an `.if` must: a file
 * that begins with a setting is refused, as is one whose last line does not end (2.6 to 3.4). In the
 * joined text these would pass unnoticed; `fileProblems` finds them.
 */
export function joinFiles(files: readonly ConfigFile[]): JoinedFiles {
  const starts: number[] = []
  let text = ''
  let line = 1
  for (const { text: own } of files) {
    starts.push(line)
    const whole = own === '' || own.endsWith('\n') ? own : `${own}\n`
    text += whole
    line += countLines(whole, 0, whole.length)
  }
  const locate: JoinedFiles['locate'] = (wanted) => {
    if (wanted < 1 || wanted >= line) return undefined
    const index = starts.findLastIndex((start) => start <= wanted)
    return { path: files[index]?.path ?? '', line: wanted - (starts[index] ?? 1) + 1 }
  }
  return { text, locate }
}

/**
 * Why HAProxy refuses this file among others, though the joined text looks well.
 *
 * Throws ConfigSyntaxError.
 */
export function fileProblems({ path, text }: ConfigFile): Problem[] {
  const problems: Problem[] = []
  const first = splitSections(text).find(({ keyword }) => keyword !== '')
  if (!hasFittingBlocks(text)) {
    const what = 'an .if is not ended in the file it began in, or ended twice'
    problems.push({ where: path, what, hint: 'Put .if and .endif into one file.' })
  } else if (first !== undefined && !isSectionKeyword(first.keyword)) {
    const what = `${first.keyword} stands before the first section, and none goes on from file to file`
    const hint = 'Begin the file with the line of the section.'
    problems.push({ where: `${path}:${first.line}`, what, hint })
  }
  if (text !== '' && !text.endsWith('\n')) {
    const line = countLines(text, 0, text.length) + 1
    const what = 'the last line has no line feed, so HAProxy takes the file for cut off'
    problems.push({ where: `${path}:${line}`, what, hint: 'End the file with a line feed.' })
  }
  return problems
}
