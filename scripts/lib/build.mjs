import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './node-modules.mjs'
import { say, SetupError } from './progress.mjs'
import { exitIfInterrupted, run } from './run.mjs'

/** The one file that `npm run build` makes. */
export const bundle = join(root, 'dist', 'fairlead.mjs')

/** Builds dist/fairlead.mjs when it is missing or anything it is made of is newer. */
export async function ensureBuilt() {
  if (existsSync(bundle) && statSync(bundle).mtimeMs >= newestSourceMs()) return
  say('build: dist/fairlead.mjs')
  const result = await run(process.execPath, [join(root, 'scripts', 'build.mjs')], { cwd: root })
  exitIfInterrupted(result)
  if (result.code !== 0) throw new SetupError(`The build failed:\n${result.output.trimEnd()}`)
}

function newestSourceMs() {
  const sources = readdirSync(join(root, 'src'), { recursive: true }).map((f) => join('src', f))
  const files = [...sources, 'package.json', 'package-lock.json', 'scripts/build.mjs']
  return Math.max(...files.map((file) => statSync(join(root, file)).mtimeMs))
}
