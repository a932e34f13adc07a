import type { Explanation } from '../../api/contract.ts'
import type { Decision } from '../../model/problem.ts'
import { printable } from '../../support/printable.ts'
import type { Colour, Paint } from './text.ts'

const marks: Readonly<Record<Decision['outcome'], readonly [mark: string, colour: Colour]>> = {
  ok: ['✓', 'green'],
  note: ['!', 'yellow'],
  stop: ['✗', 'red'],
}

/** `fairlead explain` for people: each decision in order, then where it ended. */
export function renderExplanation(explanation: Explanation, paint: Paint): string {
  const { subject, kind, conclusion, traces } = explanation
  const title = kind === 'url' ? 'URL' : kind
  const lines = [paint('bold', `${title} ${printable(subject)}`)]
  const decisions = traces.flatMap((trace) => trace.decisions)
  const width = Math.max(0, ...decisions.map(({ step }) => step.length))
  for (const trace of traces) {
    if (traces.length > 1 || trace.about !== subject) lines.push('', `  ${printable(trace.about)}`)
    for (const decision of trace.decisions) lines.push(...decisionLines(decision, width, paint))
    if (trace.decisions.length === 0) lines.push('    nothing was decided about it yet')
  }
  lines.push('', `→ ${paint('bold', printable(conclusion))}`)
  return lines.map((line) => `${line}\n`).join('')
}

function decisionLines(decision: Decision, width: number, paint: Paint): string[] {
  const [mark, colour] = marks[decision.outcome]
  const step = printable(decision.step).padEnd(width)
  const line = `    ${paint(colour, mark)} ${paint('dim', step)}  ${printable(decision.what)}`
  const hint = decision.hint ?? ''
  if (hint === '') return [line]
  return [line, paint('dim', `      ${' '.repeat(width)}  hint: ${printable(hint)}`)]
}
