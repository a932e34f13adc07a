import { parseArgs } from 'node:util'
import { SetupError } from './progress.mjs'

export const usage = `npm run demo                      three web servers on http://127.0.0.1:8080
npm run demo -- --web 10          another number of web servers
npm run demo -- --port 8081       another port
npm run demo -- --processes       local processes, also where Docker is there
npm run demo -- scale 20          from another shell: change the number
npm run demo -- down [--all]      take everything away; --all: the container image, too`

const mostServers = 200
const options = {
  web: { type: 'string', short: 'w', default: '3' },
  port: { type: 'string', short: 'p', default: '8080' },
  processes: { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
}

/** The demo's command of these arguments; undefined when help is wanted. Throws SetupError. */
export function parseCommand(args) {
  const { values, positionals } = parse(args)
  if (values.help) return undefined
  const [name = 'up', ...rest] = positionals
  if (name === 'scale' && rest.length === 1) {
    return { name, web: number(rest[0], 'scale', 0, mostServers) }
  }
  if (name === 'down' && rest.length === 0) return { name, all: values.all }
  if (name !== 'up' || rest.length > 0) {
    throw new SetupError(`The demo does not know: ${positionals.join(' ')}`, hint())
  }
  const web = number(values.web, '--web', 0, mostServers)
  return { name, web, port: number(values.port, '--port', 1, 65_535), processes: values.processes }
}

function parse(args) {
  try {
    return parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    throw new SetupError(error.message, hint())
  }
}

function number(text, what, least, most) {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new SetupError(`${what} takes a number from ${least} to ${most}, not ${text}.`)
}

const hint = () => usage.replaceAll('\n', '\n  ')
