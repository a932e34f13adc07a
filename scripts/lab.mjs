// `npm run lab`: several Docker hosts on this machine to try things on, until Ctrl-C. See
// `npm run lab -- --help`.

import { parseArgs } from 'node:util'
import { ensureLab } from './lib/lab.mjs'
import { ensureNodeModules } from './lib/node-modules.mjs'
import { runMain, SetupError } from './lib/progress.mjs'

const usage = `npm run lab                       three hosts in one swarm with an overlay network \`apps\`,
                                  the demo's image, and a Consul cluster; Ctrl-C removes them
npm run lab -- --hosts 5          another number of hosts, 15 at most
npm run lab -- --plain            plain Docker hosts: no swarm
npm run lab -- --docker-flag F    one more flag of dockerd; repeatable`

await runMain(async () => {
  const options = {
    hosts: { type: 'string', default: '3' },
    plain: { type: 'boolean', default: false },
    'docker-flag': { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', short: 'h', default: false },
  }
  const { values } = parse(options)
  if (values.help) return console.log(usage)
  const hosts = Number(values.hosts)
  if (!Number.isInteger(hosts)) throw new SetupError(`--hosts takes a number, not ${values.hosts}.`)
  await ensureLab()
  await ensureNodeModules()
  // The lab is TypeScript, and tsx is there only now.
  const { tsImport } = await import('tsx/esm/api')
  const { main } = await tsImport('../test/lab/main.ts', import.meta.url)
  await main({ hosts, isSwarm: !values.plain, dockerFlags: values['docker-flag'] })
})

function parse(options) {
  try {
    return parseArgs({ options })
  } catch (error) {
    throw new SetupError(error.message, usage.replaceAll('\n', '\n  '))
  }
}
