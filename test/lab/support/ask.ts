import type { Host } from '../host.ts'

// The program of a client: prints the status, or why there is none.
const client = `
const { get } = require('node:http')
const [url, timeout] = process.argv.slice(1)
const say = (text) => { console.log(text); process.exit() }
setTimeout(() => say('no answer'), Number(timeout))
get(url, { agent: false }, (answer) => say(String(answer.statusCode))).on('error', (error) => say(error.code))
`

export type AskOptions = {
  /** Asks from this container's network instead of the host's own. */
  readonly from?: string
  /** 10 s without; less where no answer is what is wanted. */
  readonly timeoutMs?: number
}

/** GETs a URL from a host: the answer's status, else the error's code or `no answer`. */
export async function ask(host: Host, url: string, options: AskOptions = {}): Promise<string> {
  const { from, timeoutMs = 10_000 } = options
  const args = ['-e', client, url, String(timeoutMs)]
  const said =
    from === undefined
      ? await host.run(process.execPath, args)
      : await host.inContainer(from, process.execPath, args)
  return said.trim()
}
