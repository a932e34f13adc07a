// `npm run drill [-- NAME… --list --json --write]`: sets up, builds dist/fairlead.mjs and runs the
// drills: faults in a cluster of three emulated hosts under load. Exit code 0: every drill kept its
// limits. --write puts the table into docs/operations.md, --seconds says who answered when.

import { join } from 'node:path'
import { ensureBuilt } from './lib/build.mjs'
import { ensureConsul } from './lib/consul.mjs'
import { whyNoLab } from './lib/lab.mjs'
import { ensureNodeModules, root } from './lib/node-modules.mjs'
import { ensureHaproxy } from './lib/programs.mjs'
import { runMain, SetupError } from './lib/progress.mjs'
import { exitIfInterrupted, run } from './lib/run.mjs'

await runMain(async () => {
  const given = process.argv.slice(2)
  await ensureNodeModules()
  if (!given.includes('--list')) {
    const reason = whyNoLab()
    if (reason !== undefined) throw new SetupError(`No cluster can be emulated here: ${reason}`)
    await ensureHaproxy()
    await ensureConsul()
    await ensureBuilt()
  }
  const args = ['--import', 'tsx', join(root, 'drills', 'main.ts'), ...given]
  const result = await run(process.execPath, args, { cwd: root, output: 'show' })
  exitIfInterrupted(result)
  process.exitCode = result.code
})
