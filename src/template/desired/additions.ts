import { quoteWord } from '../../haproxy/config/quote.ts'
import { firstWord, linesOf } from '../../haproxy/config/sections.ts'
import type { SectionText } from '../../haproxy/config/sections.ts'

/** What fairlead wants of a HAProxy that it runs, whatever its text says. */
export type ManagedSettings = {
  /** The socket by which servers are changed; absolute. */
  readonly socket: string
  /** How long an old worker may live after a reload. */
  readonly hardStopMs: number
  /** Reloads that an old worker may see. */
  readonly mostOldWorkers: number
}

/**
 * A section that stands behind the text: the control socket, and what the text's own `global`
 * sections do not say. HAProxy takes several of them for one. Behind it, so that the text's lines keep their
 * numbers in what HAProxy says about them.
 */
export function managedSection(
  sections: readonly SectionText[],
  { socket, hardStopMs, mostOldWorkers }: ManagedSettings,
): string {
  const said = new Set(
    sections
      .filter(({ keyword }) => keyword === 'global')
      .flatMap(linesOf)
      .map(({ text, number }) => firstWord(text, 0, number)),
  )
  const lines = [
    '# Added by fairlead; everything above is as the template gives it.',
    `stats socket ${quoteWord(socket)} mode 600 level admin expose-fd listeners`,
    ...(said.has('hard-stop-after') ? [] : [`hard-stop-after ${hardStopMs}ms`]),
    ...(said.has('mworker-max-reloads') ? [] : [`mworker-max-reloads ${mostOldWorkers}`]),
  ]
  return `global\n${lines.map((line) => `    ${line}\n`).join('')}`
}
