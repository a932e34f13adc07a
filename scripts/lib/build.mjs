import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isWhole } from './chunks.mjs'
import { root } from './node-modules.mjs'
import { say, SetupError } from './progress.mjs'
import { exitIfInterrupted, run } from './run.mjs'

/** The program that `npm run build` makes; what it loads is in `chunks/` beside it. */
export const bundle = join(root, 'dist', 'fairlead.mjs')

/** Builds the program when any of it is missing, or anything it is made of is newer. */
export async function ensureBuilt() {
  if (isWhole(bundle) && statSync(bundle).mtimeMs >= newestSourceMs()) return
  say('build: dist/fairlead.mjs')
  const result = await run(process.execPath, [join(root, 'scripts', 'build.mjs')], { cwd: root })
  exitIfInterrupted(result)
  if (result.code !== 0) throw new SetupError(`The build failed:\n${result.output.trimEnd()}`)
}

function newestSourceMs() {
  const sources = readdirSync(join(root, 'src'), { recursive: true }).map((f) => join('src', f))
  const files = [
    ...sources,
    'package.json',
    'package-lock.json',
    'scripts/build.mjs',
    'scripts/lib/chunks.mjs',
  ]
  return Math.max(...files.map((file) => statSync(join(root, file)).mtimeMs))
}
