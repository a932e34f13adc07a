/**
 * A command, as everywhere here: one line, or a line that ends in ` <<` and its payload's lines, each
 * with its line feed (management.txt §9.3). HAProxy takes a payload as it is, up to an empty line.
 */
export function withPayload(head: string, payload: string): string {
  const lines = payload.split(/\r?\n/).filter((line) => line.trim() !== '')
  return `${head} <<\n${lines.map((line) => `${line}\n`).join('')}`
}

/** The lines of a command's payload, without line feeds; undefined when it has none. */
export function payloadOf(command: string): readonly string[] | undefined {
  const feed = command.indexOf('\n')
  return feed === -1
    ? undefined
    : command
        .slice(feed + 1)
        .split('\n')
        .slice(0, -1)
}

/** A command as it may be shown to people, logged and kept: a payload, it may be a key, is only counted. */
export function showCommand(command: string): string {
  const feed = command.indexOf('\n')
  if (feed === -1) return command
  const bytes = Buffer.byteLength(command.slice(feed + 1))
  return `${command.slice(0, feed)}  (${String(bytes).replaceAll(/\B(?=(?:\d{3})+$)/g, ',')} bytes)`
}

/**
 * The words of a command as HAProxy's command line splits them: at spaces and tabs, a backslash
 * takes the next character as it is (management.txt §9.3). Not those of a payload, nor its mark.
 */
export function splitCommand(command: string): string[] {
  const feed = command.indexOf('\n')
  return splitLine(feed === -1 ? command : command.slice(0, feed).replace(/<<$/, ''))
}

function splitLine(command: string): string[] {
  const words: string[] = []
  let word: string | undefined
  for (let index = 0; index < command.length; index += 1) {
    const character = command.charAt(index)
    if (character === ' ' || character === '\t') {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (character === '\\' && index + 1 < command.length) {
      index += 1
      word = (word ?? '') + command.charAt(index)
    } else {
      word = (word ?? '') + character
    }
  }
  if (word !== undefined) words.push(word)
  return words
}

/** One word of a command that stands for exactly `value`. Control characters are refused when it is sent. */
export function escapeWord(value: string): string {
  return value.replaceAll(/[\\ ;\t]/g, String.raw`\$&`)
}

/**
 * Why a command cannot be sent as one command; undefined when it can. A line break or a bare `;`
 * would make two of it, a final `<<` would swallow those after it as its payload, an empty line
 * would end a payload early.
 */
export function unsendable(command: string): string | undefined {
  const payload = payloadOf(command)
  const line = payload === undefined ? command : command.slice(0, command.indexOf('\n'))
  const head = payload === undefined ? line : line.replace(/ <<$/, '')
  if (head.trim() === '') return 'it is empty'
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(head)) return 'it holds a control character'
  if (/(?<!\\)(?:\\\\)*;/.test(head)) return 'it holds a ";" that is not escaped'
  if (/(?:^|[ \t])<<[^ \t]*$/.test(head)) return 'it ends in a payload mark'
  if (payload === undefined)
    return Buffer.byteLength(head) > mostBytes ? tooLong(mostBytes) : undefined
  return takesPayload.test(line)
    ? unsendablePayload(command, payload)
    : 'it holds a control character'
}

/** The commands that a payload is sent with; with any other, a line break is an intruder. */
const takesPayload =
  /^(?:(?:set|add) ssl (?:cert|ca-file|crl-file|crt-list)|add map @(?:\?|\d+)) (?:\\.|[^\s\\])+ <<$/

function unsendablePayload(command: string, payload: readonly string[]): string | undefined {
  if (!command.endsWith('\n') || payload.length === 0 || payload.includes('')) {
    return 'its payload has an empty line, or none'
  }
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(payload.join('\n'))) {
    return 'its payload holds a control character'
  }
  return Buffer.byteLength(command) > mostPayloadBytes ? tooLong(mostPayloadBytes) : undefined
}

function tooLong(bytes: number): string {
  return `it is longer than ${bytes} bytes`
}

/** HAProxy's command buffer is 16,384 bytes; on 2.6 a longer command is dropped without a word. */
const mostBytes = 12_000

/** The same for a command with its payload, of which HAProxy takes 16,383 bytes (2.6 to 3.4). */
export const mostPayloadBytes = 16_000

/**
 * Stands in a command for the version that the last `prepare map` or `prepare acl` has made, which
 * only its reply tells: `add map @? FILE <<`.
 */
export const versionMark = '@?'
