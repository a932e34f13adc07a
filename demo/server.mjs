// The demo's web server: one page that shows which server answered. It has no dependencies, since it
// is copied into an image with nothing but Node, and runs there as process 1.
//
// PORT (default 80; 0 picks a free one) and HOST say where it listens; SHOWN_NAME replaces the
// machine's hostname; KIND says what it runs in. Started with an IPC channel it reports its port
// there, and ends when its parent has gone.
//
// SIGTERM: it goes on serving for a second, so that a load balancer that has just been told can
// send its traffic elsewhere, then finishes the requests in flight and exits.

import { createServer } from 'node:http'
import { hostname } from 'node:os'

const servesOnMs = 1000
const lastWordMs = 5000

const name = process.env.SHOWN_NAME ?? hostname()
const kind = process.env.KIND ?? 'a Docker container'
const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${name}</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 1.125rem/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh; display: grid; place-items: center; }
  main { text-align: center; padding: 2rem; }
  h1 { font: 600 clamp(2rem, 8vw, 4rem)/1.2 ui-monospace, monospace; margin: 0.5rem 0; color: hsl(${hue(name)} 70% 45%); }
  p { margin: 0.25rem 0; }
</style>
<main>
  <p>Welcome! This page comes from</p>
  <h1>${name}</h1>
  <p>a web server that runs in ${kind}.</p>
  <p>Reload the page: another one answers.</p>
</main>
</html>
`

// One colour a server, so that a change of servers is seen at a glance.
function hue(text) {
  return [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7)
}

let isStopping = false

const server = createServer((request, response) => {
  if (request.method !== 'GET' && request.method !== 'HEAD') request.resume()
  if (isStopping) response.setHeader('connection', 'close')
  response.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(page) })
  response.end(request.method === 'HEAD' ? undefined : page)
})
// The load balancer keeps connections open and closes them first: else it could send a request just
// as this end hangs up.
server.keepAliveTimeout = 75_000

server.listen(Number(process.env.PORT ?? 80), process.env.HOST, () => {
  process.send?.({ port: server.address().port })
})

function stop() {
  if (isStopping) return
  isStopping = true
  setTimeout(() => {
    server.close(() => process.exit(0))
    server.closeIdleConnections()
    setTimeout(() => process.exit(0), lastWordMs)
  }, servesOnMs)
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
process.on('disconnect', () => process.exit(0))
