import type { IncomingMessage } from 'node:http'
import { StringDecoder } from 'node:string_decoder'

/** The longest event line that is believed; labels stand in it, so it may be long. */
const mostLineCharacters = 16 * 1024 * 1024

/** A whole answer as text. Throws the signal's reason when it aborts. */
export async function textOf(response: IncomingMessage, signal: AbortSignal): Promise<string> {
  const abort = (): void => void response.destroy(new Error('given up'))
  signal.addEventListener('abort', abort, { once: true })
  try {
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString('utf8')
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** The non-empty lines of an answer as they arrive. */
export async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of response) {
    const lines = (rest + decoder.write(chunk as Buffer)).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > mostLineCharacters) throw new Error('the event stream has no line ends')
    for (const line of lines) if (line.trim() !== '') yield line
  }
}
