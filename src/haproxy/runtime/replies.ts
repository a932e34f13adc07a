/**
 * What HAProxy said when it refused a command; undefined when it did it. Replies carry their
 * severity (`set severity-output number`): 3 is an error, 4 and 6 tell what was done. An unknown
 * command is only told at 6. What is done in steps tells them without, and `Success!` at its end.
 */
export function refusalOf(reply: string): string | undefined {
  if (/^(?:Committing|Inserting) /.test(reply)) {
    if (/^Success!$/m.test(reply)) return undefined
    return reply.split('\n').slice(1).join(' ').trim() || 'no success was told'
  }
  const match = /^\[(\d)\]: ?([^\n]*)/.exec(reply)
  if (match === null)
    return /^(?:Unknown command|Permission denied)/.test(reply) ? firstLine(reply) : undefined
  const [, level = '', text = ''] = match
  const isError = Number(level) <= 3 || /^(?:Unknown command|Permission denied)/.test(text)
  return isError ? text : undefined
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
