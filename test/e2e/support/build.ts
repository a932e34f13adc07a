import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The program under test, built once before all end-to-end tests. */
export const program: string = fileURLToPath(new URL('../../../dist/fairlead.mjs', import.meta.url))

export function setup(): void {
  if (process.env['TESTS_BUILT'] === 'yes') return
  const script = fileURLToPath(new URL('../../../scripts/build.mjs', import.meta.url))
  execFileSync(process.execPath, [script], { stdio: ['ignore', 'ignore', 'inherit'] })
}
