import { basename } from 'node:path'

/** A file as people call it: `map hosts`. */
export function fileLabel(kind: string, path: string): string {
  return `${kind} ${basename(path).replace(/(?<=.)\.[^.]*$/, '')}`
}
