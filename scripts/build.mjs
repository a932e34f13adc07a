// npm run build: the program, dist/fairlead.mjs and the folder dist/chunks beside it, which run with
// plain Node and nothing else, and the template engine as a library, dist/template.mjs with its types.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { install, replaceFile } from './lib/chunks.mjs'

const root = join(import.meta.dirname, '..')
const program = join(root, 'dist', 'fairlead.mjs')
const library = join(root, 'dist', 'template.mjs')
const libraryTypes = join(root, 'dist', 'template.d.ts')

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
const requiring = [
  "import { createRequire as fairleadCreateRequire } from 'node:module'",
  'const require = fairleadCreateRequire(import.meta.url)',
]

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
  write: false,
}
const programOptions = {
  ...common,
  entryPoints: { fairlead: 'src/main.ts' },
  outdir: join(root, 'dist'),
  outExtension: { '.js': '.mjs' },
  // What is imported when needed is a file of its own, read only then: `fairlead up` without
  // templates has neither their language nor a client for Consul in memory. The names are hashes of
  // all that is in a file and below it, so files of two builds are never mixed.
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  // Identifiers stay whole, so that a stack trace can be read without a map. It costs a third more
  // bytes and no time.
  keepNames: true,
  define: { FAIRLEAD_VERSION: JSON.stringify(versionText()) },
}
const libraryOptions = { ...common, entryPoints: ['src/template/library.ts'], outfile: library }

/** The text with what has to stand before it. */
function completed({ path, text }) {
  const before = [
    ...(path === program ? ['#!/usr/bin/env node'] : []),
    ...(/\brequire\b/.test(text) ? requiring : []),
  ]
  return { path, text: [...before, text].join('\n') }
}

const results = await Promise.all([build(programOptions), build(libraryOptions)]).catch(() => {
  // esbuild has said what is wrong, and where.
  process.exit(1)
})
const [files, [template]] = results.map(({ outputFiles }) => outputFiles)
install(program, files.map(completed))
replaceFile(library, template.text, 0o644)
replaceFile(libraryTypes, readFileSync(join(root, 'src', 'template', 'library-types.d.ts')), 0o644)
const kilobytes = (texts) =>
  `${Math.round(texts.reduce((sum, { text }) => sum + text.length, 0) / 1000)} kB`
console.log(`dist/fairlead.mjs  ${kilobytes(files)} in ${files.length} files  ${versionText()}`)
console.log(`dist/template.mjs  ${kilobytes([template])}`)
