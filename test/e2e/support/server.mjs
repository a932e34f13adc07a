// The web server of the end-to-end tests. It answers with JSON: its container's hostname, the
// request's method and the headers it got. Dependency free, since it is copied into an image with
// nothing but Node.
//
//   MODE=linger   serves on for LINGER_MS (1000) after SIGTERM, then exits   (default)
//   MODE=instant  exits at once on SIGTERM
//   MODE=ignore   takes no notice of SIGTERM
//   MODE=late     listens only after DELAY_MS
//   PORT          80 by default
//   /slow?ms=N answers after N milliseconds; /status?code=N with that status;
//   /unhealthy and /healthy change what HEALTHCHECK's `node /srv/server.mjs health` finds

import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { hostname } from 'node:os'

const unhealthyMark = '/tmp/unhealthy'

if (process.argv[2] === 'health') process.exit(existsSync(unhealthyMark) ? 1 : 0)

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost')
  if (url.pathname === '/unhealthy') writeFileSync(unhealthyMark, '')
  if (url.pathname === '/healthy') rmSync(unhealthyMark, { force: true })
  const delayMs = Number(url.searchParams.get('ms') ?? 2)
  request.resume()
  setTimeout(() => {
    response.writeHead(Number(url.searchParams.get('code') ?? 200), {
      'content-type': 'application/json',
    })
    response.end(
      JSON.stringify({
        hostname: hostname(),
        service: process.env.SERVICE ?? '',
        method: request.method,
        headers: request.headers,
      }),
    )
  }, delayMs)
})
server.keepAliveTimeout = 75_000
setTimeout(() => server.listen(Number(process.env.PORT ?? 80)), Number(process.env.DELAY_MS ?? 0))

process.on('SIGTERM', () => {
  if (process.env.MODE === 'ignore') return
  if (process.env.MODE === 'instant') process.exit(0)
  setTimeout(
    () => {
      server.close(() => process.exit(0))
      server.closeIdleConnections()
    },
    Number(process.env.LINGER_MS ?? 1000),
  )
})
