// Runs the shell scripts that are sent to it by POST, for SystemdHost: `driver.mjs SOCKET`.
import { execFile } from 'node:child_process'
import { renameSync } from 'node:fs'
import { createServer } from 'node:http'

const path = process.argv[2]

const server = createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8')
  request.on('data', (more) => (text += more))
  request.on('end', () => {
    execFile('/bin/sh', ['-c', text], { timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      response.end(JSON.stringify({ code, output: `${stdout}${stderr}` }))
    })
  })
})
// At its place only when it answers.
server.listen(`${path}.new`, () => renameSync(`${path}.new`, path))
