// `npm run demo`: sets up what is missing and runs the demo in ../demo. See `npm run demo -- --help`.

import { bundle, ensureBuilt } from './lib/build.mjs'
import { parseCommand, usage } from './lib/demo-arguments.mjs'
import { ensureNodeModules } from './lib/node-modules.mjs'
import { ensureHaproxy } from './lib/programs.mjs'
import { runMain, say } from './lib/progress.mjs'

await runMain(async () => {
  const command = parseCommand(process.argv.slice(2))
  if (command === undefined) return console.log(usage)
  if (command.name === 'up') await ensureHaproxy()
  await ensureNodeModules()
  if (command.name === 'up') await ensureBuilt()
  // The demo is TypeScript, and tsx is there only now.
  const { tsImport } = await import('tsx/esm/api')
  const { main } = await tsImport('../demo/main.ts', import.meta.url)
  await main(command, { bundle, env: process.env, say })
})
