import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { DesiredState } from '../../src/model/desired-state.ts'

/** What `haproxy -c` says of a desired state: its exit code and all its words. */
export type Verdict = { readonly code: number; readonly output: string }

/**
 * Writes a desired state below a temporary folder, paths and all, and has HAProxy read it. The paths
 * that the configuration names must begin with `prefix`, which the folder takes the place of.
 */
export async function checkConfig(
  desired: DesiredState,
  prefix: string,
  program = 'haproxy',
): Promise<Verdict> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-check-'))
  try {
    const move = (text: string): string => text.replaceAll(prefix, folder)
    for (const [path, content] of desired.files) {
      await mkdir(dirname(move(path)), { recursive: true })
      await writeFile(move(path), content)
    }
    const config = join(folder, 'haproxy.cfg')
    await writeFile(config, move(desired.config))
    return await run(program, ['-c', '-f', config])
  } finally {
    await rm(folder, { recursive: true })
  }
}

const execute = promisify(execFile)

async function run(program: string, words: readonly string[]): Promise<Verdict> {
  try {
    const { stdout, stderr } = await execute(program, [...words])
    return { code: 0, output: stdout + stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string }
    if (typeof code !== 'number') throw error
    return { code, output: `${stdout ?? ''}${stderr ?? ''}` }
  }
}
