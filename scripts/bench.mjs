// `npm run bench [-- converge|hitless|apply|scale|consul|template|footprint|memory|cluster … [--registry consul]]`: sets up, builds
// dist/fairlead.mjs and runs the benches on loopback and on containers of their own. Exit code 0:
// every budget is kept.

import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureBuilt } from './lib/build.mjs'
import { ensureConsul } from './lib/consul.mjs'
import { ensureDocker } from './lib/docker.mjs'
import { whyNoLab } from './lib/lab.mjs'
import { ensureNodeModules, root } from './lib/node-modules.mjs'
import { ensureHaproxy, ensureProgram } from './lib/programs.mjs'
import { runMain, SetupError } from './lib/progress.mjs'
import { exitIfInterrupted, run } from './lib/run.mjs'

await runMain(async () => {
  const given = process.argv.slice(2)
  // What is wrong in them, bench/main.ts says.
  const options = { registry: { type: 'string' } }
  const { positionals, values } = parseArgs({ args: given, options, strict: false })
  const has = (name) => positionals.length === 0 || positionals.includes(name)
  const asksConsul = ['consul', 'footprint', 'memory', 'template'].some(has)
  const isCluster = positionals.includes('cluster')
  const needsConsul = values.registry === 'consul' || asksConsul || isCluster
  const noLab = isCluster ? whyNoLab() : undefined
  if (noLab !== undefined) throw new SetupError(`No cluster can be emulated here: ${noLab}`)
  await ensureHaproxy()
  await ensureDocker()
  await ensureProgram('busybox', 'busybox-static')
  if (has('scale')) await ensureProgram('wrk', 'wrk')
  if (needsConsul) await ensureConsul()
  await ensureNodeModules()
  await ensureBuilt()
  const args = ['--import', 'tsx', join(root, 'bench', 'main.ts'), ...given]
  const result = await run(process.execPath, args, { cwd: root, output: 'show' })
  exitIfInterrupted(result)
  process.exitCode = result.code
})
