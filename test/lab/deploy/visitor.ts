import { get } from 'node:http'

/** An answer: its status, and the hostname on the demo's page where it is one. */
export type Visit = { readonly status: number; readonly hostname: string | undefined }

export type VisitOptions = {
  readonly port?: number
  /** `user:password`. */
  readonly auth?: string
  readonly path?: string
}

const timeoutMs = 20_000

/** Opens the page as a browser does that has no connection yet. Rejects when there is no answer. */
export function visit(address: string, options: VisitOptions = {}): Promise<Visit> {
  const { port = 80, path = '/', ...more } = options
  return new Promise((resolve, reject) => {
    const request = get({ host: address, port, path, agent: false, ...more }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.once('error', reject)
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, hostname: /<h1>([^<]+)<\/h1>/.exec(text)?.[1] })
      })
    })
    request.setTimeout(timeoutMs, () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)))
    request.once('error', reject)
  })
}

/** How often each hostname answered so many visits, one after the other; other answers throw. */
export async function census(
  address: string,
  visits: number,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  for (let count = 0; count < visits; count += 1) {
    const { status, hostname } = await visit(address)
    if (hostname === undefined) throw new Error(`status ${status}, and no page of the demo`)
    counts.set(hostname, (counts.get(hostname) ?? 0) + 1)
  }
  return counts
}
