import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** A build that runs beside this one has written its chunks, and names them within this time. */
const besideMs = 60_000

/** A program that is running or starting meanwhile sees the whole old file or the whole new one. */
export function replaceFile(path, content, mode) {
  const unfinished = `${path}.${process.pid}.tmp`
  writeFileSync(unfinished, content)
  // Whatever the umask is: others run what was built, in an image and under systemd.
  chmodSync(unfinished, mode)
  renameSync(unfinished, path)
}

/**
 * Puts the files of a build in place: the chunks first, which nothing names yet, then the program,
 * and at last takes away the chunks that nothing names any more. Those of the program that was
 * there before stay until the next build: it may be starting at this moment. A running one has
 * loaded all that it needs.
 *
 * @param {string} program where it is put; its chunks are in `chunks/` beside it
 * @param {{ path: string, text: string }[]} files
 */
export function install(program, files) {
  const folder = join(dirname(program), 'chunks')
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, 0o755)
  const before = chunksOf(program)
  const chunks = files.filter(({ path }) => path !== program)
  for (const { path, text } of chunks) replaceFile(path, text, 0o644)
  for (const { path, text } of files) if (path === program) replaceFile(path, text, 0o755)
  const isNamed = new Set([...before, ...chunks.map(({ path }) => basename(path))])
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (isNamed.has(name)) continue
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: 0 }
    if (Date.now() - mtimeMs > besideMs) rmSync(path, { force: true })
  }
}

/** The names of all chunks that a program may load; of one that is not there, none. */
export function chunksOf(program) {
  const found = new Set()
  const follow = (file) => {
    for (const [, name] of textOf(file).matchAll(/["']\.\/(?:chunks\/)?([\w-]+\.mjs)["']/g)) {
      if (found.has(name)) continue
      found.add(name)
      follow(join(dirname(program), 'chunks', name))
    }
  }
  follow(program)
  return found
}

/** Is the program there with every chunk it may load? */
export function isWhole(program) {
  const names = [...chunksOf(program)]
  const folder = join(dirname(program), 'chunks')
  return existsSync(program) && names.every((name) => existsSync(join(folder, name)))
}

function textOf(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return ''
    throw error
  }
}
