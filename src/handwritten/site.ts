import { readConfigSource } from './config-source.ts'
import type { ConfigSource } from './config-source.ts'
import { livePathOf, locateHaproxy } from './locate.ts'
import type { Located } from './locate.ts'
import { Records } from './records.ts'

export type HandwrittenOptions = {
  /** The configuration to be had: a file or a folder of `.cfg` files. Absolute. */
  readonly newPath: string
  /** The file or folder that HAProxy loads; undefined: found out. Absolute. */
  readonly livePath: string | undefined
  readonly socket: string | undefined
  readonly reloadCommand: readonly string[] | undefined
  /** Checks texts in place of the program that HAProxy was started by. */
  readonly program: string | undefined
  /** Fairlead's state folder of this user. */
  readonly stateFolder: string
  /** Whether servers that somebody put in drain or maintenance get what the text says. */
  readonly isReset: boolean
}

/** Which text, and which HAProxy. */
export type Site = {
  readonly options: HandwrittenOptions
  /** The text as it was given. */
  readonly source: ConfigSource
  readonly located: Located
  /** The file or folder that HAProxy loads, symbolic links followed. */
  readonly livePath: string
  readonly records: Records
}

/** Reads the text, and finds the HAProxy it is for. Throws HandwrittenError, HaproxyError. */
export async function findSite(options: HandwrittenOptions): Promise<Site> {
  const source = await readConfigSource(options.newPath)
  const live = options.livePath === undefined ? [] : [await readConfigSource(options.livePath)]
  const located = await locateHaproxy({ ...options, texts: [source, ...live] })
  const livePath = await livePathOf(located, options.livePath, options.newPath)
  return { options, source, located, livePath, records: new Records(options.stateFolder, livePath) }
}
