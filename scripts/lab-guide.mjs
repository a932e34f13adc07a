// `npm run lab:guide`: plays deploy/guide/README.md step by step on three emulated hosts, and shows each
// command and what came of it. See `npm run lab:guide -- --help`.

import { parseArgs } from 'node:util'
import { ensureBuilt } from './lib/build.mjs'
import { ensureLab } from './lib/lab.mjs'
import { ensureNodeModules } from './lib/node-modules.mjs'
import { runMain } from './lib/progress.mjs'

const usage = `npm run lab:guide -- [--compose 2|1.29] [--part guide|template|classic]

Plays the cluster guide on three hosts that live on this machine, each with a Docker of its own; this
machine's own Docker is not touched. Root is needed. Ends with 0 when all was as the guide says.

  --compose LINE   which Compose (default: 2)
  --part PART      only this part; repeatable (default: all three)`

await runMain(async () => {
  const options = {
    compose: { type: 'string', default: '2' },
    part: { type: 'string', multiple: true, default: ['guide', 'template', 'classic'] },
    help: { type: 'boolean' },
  }
  const { values } = parseArgs({ options })
  if (values.help) return console.log(usage)
  await ensureLab()
  await ensureNodeModules()
  await ensureBuilt()
  const { tsImport } = await import('tsx/esm/api')
  const { main } = await tsImport('../test/lab/guide/main.ts', import.meta.url)
  process.exitCode = await main({ composeLine: values.compose, parts: values.part })
})
