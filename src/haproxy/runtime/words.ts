/**
 * The words of a command as HAProxy's command line splits them: at spaces and tabs, a backslash
 * takes the next character as it is (management.txt §9.3).
 */
export function splitCommand(command: string): string[] {
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
 * would make two of it, a final `<<` would swallow those after it as its payload.
 */
export function unsendable(command: string): string | undefined {
  if (command.trim() === '') return 'it is empty'
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(command)) return 'it holds a control character'
  if (/(?<!\\)(?:\\\\)*;/.test(command)) return 'it holds a ";" that is not escaped'
  if (/(?:^|[ \t])<<[^ \t]*$/.test(command)) return 'it ends in a payload mark'
  if (Buffer.byteLength(command) > mostBytes) return `it is longer than ${mostBytes} bytes`
  return undefined
}

/** HAProxy's command buffer is 16,384 bytes; on 2.6 a longer command is dropped without a word. */
const mostBytes = 12_000
