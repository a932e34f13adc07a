// npm run build: the program in one file, dist/fairlead.mjs, that runs with plain Node and nothing
// else, and the template engine as a library, dist/template.mjs with its types.
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')
const program = join(root, 'dist', 'fairlead.mjs')
const library = join(root, 'dist', 'template.mjs')
const libraryTypes = join(root, 'dist', 'template.d.ts')
// A program that is running or starting meanwhile sees the whole old file or the whole new one.
const unfinished = (file) => `${file}.${process.pid}.tmp`

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

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
}
const programOptions = {
  ...common,
  entryPoints: ['src/main.ts'],
  outfile: unfinished(program),
  // Identifiers stay whole, so that a stack trace can be read without a map. It costs a third more
  // bytes and no time. What is imported when needed (the daemon) is run when needed.
  keepNames: true,
  banner: { js: banner },
  define: { FAIRLEAD_VERSION: JSON.stringify(versionText()) },
}
const libraryOptions = {
  ...common,
  entryPoints: ['src/template/library.ts'],
  outfile: unfinished(library),
}
try {
  await Promise.all([build(programOptions), build(libraryOptions)])
} catch {
  // esbuild has said what is wrong, and where.
  process.exit(1)
}
chmodSync(unfinished(program), 0o755)
copyFileSync(join(root, 'src', 'template', 'library-types.d.ts'), unfinished(libraryTypes))
for (const file of [program, library, libraryTypes]) renameSync(unfinished(file), file)
const kilobytes = (file) => `${Math.round(statSync(file).size / 1000)} kB`
console.log(`dist/fairlead.mjs  ${kilobytes(program)}  ${versionText()}`)
console.log(`dist/template.mjs  ${kilobytes(library)}`)
