// The benches' web server: answers every request after 5 ms with `SERVICE HOSTNAME`. It has no
// dependencies, since it is copied into an image with nothing but Node, and runs there as process 1.
// It reads HTTP/1.1 only as far as HAProxy speaks it to servers, at a third of the cost of
// node:http: twenty-six of them share two processors with what is measured.
//
// MODE says what SIGTERM does, as web servers in the wild do:
//   linger   serves on for a second, then finishes what it has and exits
//   instant  exits at once, with requests in flight
//   ignore   takes no notice; Docker kills it when its stop timeout is over

import { createServer } from 'node:net'
import { hostname } from 'node:os'

const answersAfterMs = 5
const lingersMs = 1000
const headEnd = '\r\n\r\n'

const body = `${process.env.SERVICE} ${hostname()}\n`
const head = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(body)}`
const answer = `${head}${headEnd}${body}`

// Each connection with the number of its requests under way.
const connections = new Map()
let isEnding = false

const server = createServer({ noDelay: true }, (socket) => {
  connections.set(socket, 0)
  let received = ''
  socket.setEncoding('latin1')
  socket.on('data', (text) => {
    received += text
    for (let end = requestEnd(received); end > 0; end = requestEnd(received)) {
      received = received.slice(end)
      connections.set(socket, connections.get(socket) + 1)
      setTimeout(() => finish(socket), answersAfterMs)
    }
  })
  // The client has gone; there is nobody to tell.
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    connections.delete(socket)
    endWhenDone()
  })
})

// Where the first request of the text ends; 0 when it is not there in full.
function requestEnd(text) {
  const end = text.indexOf(headEnd)
  if (end === -1) return 0
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end))?.[1] ?? '0'
  const whole = end + headEnd.length + Number(length)
  return text.length < whole ? 0 : whole
}

function finish(socket) {
  if (!connections.has(socket)) return
  connections.set(socket, connections.get(socket) - 1)
  if (isEnding) socket.end(answer)
  else socket.write(answer)
}

function endWhenDone() {
  if (isEnding && connections.size === 0) process.exit(0)
}

server.listen(Number(process.env.PORT ?? 80))

const onStop = {
  linger() {
    setTimeout(() => {
      isEnding = true
      server.close()
      for (const [socket, underWay] of connections) if (underWay === 0) socket.end()
      endWhenDone()
    }, lingersMs)
  },
  instant: () => process.exit(0),
  ignore() {},
}
process.on('SIGTERM', onStop[process.env.MODE] ?? onStop.instant)
