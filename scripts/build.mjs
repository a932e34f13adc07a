// npm run build: one file, dist/fairlead.mjs, that runs with plain Node and nothing else.
import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')
const outfile = join(root, 'dist', 'fairlead.mjs')
// A program that is running or starting meanwhile sees the whole old file or the whole new one.
const unfinished = `${outfile}.${process.pid}.tmp`

/** `0.1.0+3f2a91c`, with `.dirty` for uncommitted changes; without git the version alone. */
function versionText() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  try {
    const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }
    const commit = execFileSync(
      'git',
      ['describe', '--always', '--dirty=.dirty', '--exclude=*'],
      options,
    )
    return `${version}+${commit.trim()}`
  } catch {
    return version
  }
}

// Packages written in CommonJS call `require` for Node's own modules.
const banner = [
  '#!/usr/bin/env node',
  "import { createRequire as fairleadCreateRequire } from 'node:module'",
  'const require = fairleadCreateRequire(import.meta.url)',
].join('\n')

const options = {
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  outfile: unfinished,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  // Identifiers stay whole, so that a stack trace can be read without a map. It costs a third more
  // bytes and no time. What is imported when needed (the daemon) is run when needed.
  keepNames: true,
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  banner: { js: banner },
  define: { FAIRLEAD_VERSION: JSON.stringify(versionText()) },
  logLevel: 'warning',
}
try {
  await build(options)
} catch {
  // esbuild has said what is wrong, and where.
  process.exit(1)
}
chmodSync(unfinished, 0o755)
renameSync(unfinished, outfile)
console.log(`dist/fairlead.mjs  ${Math.round(statSync(outfile).size / 1000)} kB  ${versionText()}`)
