import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { say, SetupError } from './progress.mjs'
import { exitIfInterrupted, run } from './run.mjs'

/** Folder of the checkout, without a slash at its end. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '')

/** Runs `npm ci` when node_modules is missing or older than package-lock.json. */
export async function ensureNodeModules(folder = root) {
  if (isFresh(folder)) return
  say('npm: installing what package-lock.json names')
  // npm_config_* of an outer `npm run` are passed on; that is wanted: registry and cache are there.
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const result = await run(npm, ['ci', '--no-audit', '--no-fund'], { cwd: folder })
  exitIfInterrupted(result)
  if (result.code !== 0) throw new SetupError(`npm ci failed:\n${result.output.trimEnd()}`)
}

// npm writes node_modules/.package-lock.json as the last step of an install, so its time is that of
// the last complete one.
function isFresh(folder) {
  const installed = join(folder, 'node_modules', '.package-lock.json')
  if (!existsSync(installed)) return false
  return statSync(installed).mtimeMs >= statSync(join(folder, 'package-lock.json')).mtimeMs
}
