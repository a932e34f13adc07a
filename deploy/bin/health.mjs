// The image's health check: looks at what this container runs, and asks that.
//
//   fairlead up   healthy once /readyz says that the state is known and applied
//   haproxy       healthy while its master has a worker; one without a master's socket: while it runs
//   demo-server   healthy while it accepts connections
//   anything else is healthy while it runs
//
// Ends with 0 or 1, and one line that `docker inspect` shows.

import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { connect } from 'node:net'
import { basename, join } from 'node:path'

const timeoutMs = 4000

const checks = {
  fairlead: (args) => (args[0] === 'up' ? fairlead(args) : runs),
  haproxy: (args) => {
    const socket = valueOf(args, '-S')
    return socket === undefined ? runs : haproxy(socket.split(',')[0])
  },
  'demo-server': () => accepts({ host: '127.0.0.1', port: Number(process.env.PORT ?? 80) }),
}
const runs = 'it runs'

try {
  setTimeout(() => end(1, `no answer within ${timeoutMs / 1000} s`), timeoutMs).unref()
  end(0, await check(readFileSync('/proc/1/cmdline', 'utf8').split('\0')))
} catch (error) {
  end(1, error.message)
}

function end(code, words) {
  process.stdout.write(`${words}\n`)
  process.exit(code)
}

/** An init and an interpreter may stand before the program. */
function check(words) {
  const names = words.map((word) => basename(word, '.mjs'))
  const at = names.findIndex((name) => Object.hasOwn(checks, name))
  return at === -1 ? runs : checks[names[at]](words.slice(at + 1))
}

function valueOf(args, ...flags) {
  const at = args.findIndex((arg) => flags.includes(arg))
  if (at !== -1) return args[at + 1]
  const joined = args.find((arg) => flags.some((flag) => arg.startsWith(`${flag}=`)))
  return joined?.slice(joined.indexOf('=') + 1)
}

function fairlead(args) {
  const folder =
    valueOf(args, '--state-folder') ?? process.env.FAIRLEAD_STATE_FOLDER ?? '/var/lib/fairlead'
  const options = { socketPath: join(folder, 'admin.sock'), path: '/readyz', agent: false }
  return new Promise((resolve, reject) => {
    const request = get({ ...options, headers: { host: 'localhost' } }, async (response) => {
      let text = ''
      for await (const chunk of response.setEncoding('utf8')) text += chunk
      if (response.statusCode === 200) resolve(text)
      else reject(new Error(text))
    })
    request.on('error', reject)
  })
}

/** HAProxy's management guide, 9.5: the master's `show proc`. */
async function haproxy(path) {
  const text = await converse({ path }, 'show proc\n')
  if (/^\d+\s+worker\s/m.test(text)) return 'HAProxy has a worker'
  throw new Error(`HAProxy has no worker: ${text.trim()}`)
}

async function accepts(address) {
  await converse(address, '')
  return 'it accepts connections'
}

/** Sends the words, hangs up, and gives what came back until then. */
function converse(address, words) {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(address, () => socket.end(words))
    socket.setEncoding('utf8').on('data', (chunk) => (text += chunk))
    socket.on('error', reject).on('end', () => resolve(text))
  })
}
