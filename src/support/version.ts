import { readFileSync } from 'node:fs'

declare const FAIRLEAD_VERSION: string | undefined

/** The program's version: put in by the build, with the commit; from package.json where run from source. */
export const version: string =
  typeof FAIRLEAD_VERSION === 'string' ? FAIRLEAD_VERSION : sourceVersion()

function sourceVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return `${(JSON.parse(text) as { version: string }).version}-source`
}
