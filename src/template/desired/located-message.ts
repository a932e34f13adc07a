/**
 * consul-template's message of a template error, beginning with the place as editors read it:
 * `haproxy.ctmpl:3:8: …`, all counted from 1. Other messages stay as they are.
 */
export function locatedMessage(message: string): string {
  const found = /^(.*?): (?:parse|execute): template: [^:]*:(\d+)(?::(\d+))?: ([^]*)$/.exec(message)
  if (found === null) return message
  const [, file = '', line = '', column, what = ''] = found
  const place = column === undefined ? line : `${line}:${Number(column) + 1}`
  return `${file}:${place}: ${what}`
}
