import type { Finding } from '../../doctor/facts.ts'
import { printable } from '../../support/printable.ts'
import { counted } from './text.ts'
import type { Colour, Paint } from './text.ts'

const looks: Readonly<Record<Finding['level'], readonly [mark: string, colour: Colour]>> = {
  ok: ['ok     ', 'green'],
  note: ['note   ', 'cyan'],
  warning: ['warning', 'yellow'],
  error: ['error  ', 'red'],
}

/** One line a finding, what to change below it, and a count at the end. */
export function renderFindings(findings: readonly Finding[], paint: Paint): string {
  const lines = findings.flatMap(({ level, found, change }) => {
    const [mark, colour] = looks[level]
    const first = `${paint(colour, mark)}  ${printable(found)}`
    return change === '' ? [first] : [first, `         ${paint('dim', `→ ${printable(change)}`)}`]
  })
  const count = (level: Finding['level']): number =>
    findings.filter((finding) => finding.level === level).length
  const sums = [counted(count('error'), 'error'), counted(count('warning'), 'warning')]
  return `${lines.join('\n')}\n\n${sums.join(', ')}\n`
}
