import { styleText } from 'node:util'

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold'

/** Colours a text, or leaves it as it is where the reader is no terminal. */
export type Paint = (colour: Colour, text: string) => string

export function painter(hasColour: boolean): Paint {
  // Whether there is colour is decided by the caller, for the stream it writes to.
  const options = { validateStream: false }
  return (colour, text) => (hasColour && text !== '' ? styleText(colour, text, options) : text)
}

/** Cut to a width, with `…` in place of what is missing. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

/** `3 s`, `12 min`, `5 h`, `2 d`: one unit, as precise as people say it. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** An address with its port as in a URL: IPv6 in brackets. */
export function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
