import type { Lookup } from './interpolate.ts'

/** A file that was read. */
export type ComposeText = {
  /** Absolute. */
  readonly path: string
  /** As it stands in messages. */
  readonly shown: string
  readonly text: string
}

/** What a project is read from. */
export type ComposeInput = {
  /** In the order in which they are laid over each other. */
  readonly files: readonly ComposeText[]
  /** Absolute; paths in the files count from here. */
  readonly folder: string
  /** The environment's variables and those of `.env`. */
  readonly lookup: Lookup
  /** `*`: all. */
  readonly profiles: readonly string[]
  /** Said beside the files; undefined: theirs, else the folder's name. */
  readonly projectName: string | undefined
  /** A further file by its absolute path (`extends`, `env_file`, …); undefined: there is none. */
  readonly readFile: (path: string) => ComposeText | undefined
}
