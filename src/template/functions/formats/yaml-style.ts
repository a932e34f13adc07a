import { readsAsOther } from './yaml-scalars.ts'

export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal'

/** What of a text stands against writing it in one style or another. */
type Findings = {
  readonly hasBreak: boolean
  /** Characters that only stand in double quotes. */
  readonly isSpecial: boolean
  readonly hasIndicator: boolean
  readonly startsOrEndsWithSpace: boolean
}

/** Neither of these is written as it is by libyaml; LS and PS would be line ends to some readers. */
const unprintable = /[^\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u

const startIndicator = /^(?:[#,[\]{}&*!|>'"%@`]|---|\.\.\.|[?:-](?:[ \t]|$))/
const innerIndicator = /:(?:[ \t]|$)|\s#/

function findings(text: string): Findings {
  return {
    hasBreak: text.includes('\n'),
    isSpecial: unprintable.test(text) || / \n/.test(text),
    // The first character has rules of its own; behind it a colon needs a blank, a # one before it.
    hasIndicator: startIndicator.test(text) || innerIndicator.test(text.slice(1)),
    startsOrEndsWithSpace: /^[ \n]|[ \n]$/.test(text),
  }
}

/** How libyaml writes a text that yaml.v2 gives it. A key that is written behind `?` is none here. */
export function styleOf(text: string, isKey: boolean): ScalarStyle {
  const found = findings(text)
  if (found.isSpecial) return 'double'
  if (found.hasBreak) {
    // Spaces at the end of a block would be lost on the way.
    return isKey || text.endsWith(' ') ? 'double' : 'literal'
  }
  if (readsAsOther(text)) return 'double'
  return found.hasIndicator || found.startsOrEndsWithSpace ? 'single' : 'plain'
}
