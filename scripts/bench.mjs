// `npm run bench [-- converge|hitless|scale|footprint …]`: sets up, builds dist/fairlead.mjs and
// runs the benches on loopback and on containers of their own. Exit code 0: every budget is kept.

import { join } from 'node:path'
import { ensureBuilt } from './lib/build.mjs'
import { ensureDocker } from './lib/docker.mjs'
import { ensureNodeModules, root } from './lib/node-modules.mjs'
import { ensureHaproxy, ensureProgram } from './lib/programs.mjs'
import { runMain } from './lib/progress.mjs'
import { exitIfInterrupted, run } from './lib/run.mjs'

await runMain(async () => {
  const names = process.argv.slice(2)
  await ensureHaproxy()
  await ensureDocker()
  await ensureProgram('busybox', 'busybox-static')
  if (names.length === 0 || names.includes('scale')) await ensureProgram('wrk', 'wrk')
  await ensureNodeModules()
  await ensureBuilt()
  const args = ['--import', 'tsx', join(root, 'bench', 'main.ts'), ...names]
  const result = await run(process.execPath, args, { cwd: root, output: 'show' })
  exitIfInterrupted(result)
  process.exitCode = result.code
})
