// `node scripts/setup.mjs [--docker] [--consul] [--haproxies] [--lab]`: brings what the project needs and
// is fast when it is there. What it cannot bring it names, with the command, and ends with exit code 1.

import { parseArgs } from 'node:util'
import { ensureConsul } from './lib/consul.mjs'
import { ensureDocker } from './lib/docker.mjs'
import { ensureHaproxies } from './lib/haproxies.mjs'
import { ensureLab } from './lib/lab.mjs'
import { ensureNodeModules } from './lib/node-modules.mjs'
import { ensureHaproxy } from './lib/programs.mjs'
import { runMain } from './lib/progress.mjs'

await runMain(async () => {
  const flag = { type: 'boolean', default: false }
  const { values } = parseArgs({
    options: { docker: flag, consul: flag, haproxies: flag, lab: flag },
  })
  await ensureHaproxy()
  if (values.haproxies) await ensureHaproxies()
  if (values.docker) await ensureDocker()
  if (values.consul) await ensureConsul()
  if (values.lab) await ensureLab()
  await ensureNodeModules()
})
