// The benches' web server: answers every request after 5 ms with `SERVICE HOSTNAME`. It has no
// dependencies, since it is copied into an image with nothing but Node, and runs there as process 1.
//
// MODE says what SIGTERM does, as web servers in the wild do:
//   linger   serves on for a second, then finishes what it has and exits
//   instant  exits at once, with requests in flight
//   ignore   takes no notice; Docker kills it when its stop timeout is over

import { createServer } from 'node:http'
import { hostname } from 'node:os'

const answersAfterMs = 5
const lingersMs = 1000

const body = `${process.env.SERVICE} ${hostname()}\n`
const headers = { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(body) }

const server = createServer((request, response) => {
  request.resume()
  setTimeout(() => {
    response.writeHead(200, headers)
    response.end(body)
  }, answersAfterMs)
})
// The load balancer closes idle connections first: else it could send a request just as this end
// hangs up.
server.keepAliveTimeout = 75_000
server.listen(Number(process.env.PORT ?? 80))

const onStop = {
  linger() {
    setTimeout(() => {
      server.close(() => process.exit(0))
      server.closeIdleConnections()
    }, lingersMs)
  },
  instant: () => process.exit(0),
  ignore() {},
}
process.on('SIGTERM', onStop[process.env.MODE] ?? onStop.instant)
