// `npm run fuzz [-- --minutes 10 --seed N]`: odd texts for the parser, the printer and the differ of
// HAProxy configurations, and for the template engine. Exit code 1 when one throws, hangs, loses a byte or plans wrongly; then
// `--seed N --target NAME --run N` does that run again.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureNodeModules, root } from './lib/node-modules.mjs'
import { runMain } from './lib/progress.mjs'
import { exitIfInterrupted, run } from './lib/run.mjs'

await runMain(async () => {
  await ensureNodeModules()
  const { build } = await import('esbuild')
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-fuzz-'))
  try {
    await build({
      absWorkingDir: root,
      entryPoints: ['fuzz/main.ts', 'fuzz/worker.ts'],
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      sourcemap: 'inline',
      logLevel: 'warning',
    })
    const args = ['--enable-source-maps', join(folder, 'main.mjs'), ...process.argv.slice(2)]
    const result = await run(process.execPath, args, { cwd: root, output: 'show' })
    exitIfInterrupted(result)
    process.exitCode = result.code
  } finally {
    rmSync(folder, { recursive: true })
  }
})
