import { rm, writeFile } from 'node:fs/promises'
import { fileFault } from './errors.ts'

/** Resolves to its removal. Throws a RunnerError. */
export async function writePidFile(path: string | undefined): Promise<() => Promise<void>> {
  if (path === undefined) return () => Promise.resolve()
  try {
    await writeFile(path, `${process.pid}`)
  } catch (error) {
    throw fileFault('cannot write', path, error)
  }
  return () => rm(path, { force: true })
}
