/*
 * Everything consul-template can be told, complete: what was not given has its default. Durations
 * are milliseconds.
 */

/** A command as it is run. */
export type CommandLine =
  /** A program and its arguments, without a shell. */
  | { readonly kind: 'arguments'; readonly arguments: readonly string[] }
  /** A line for `sh -c`, in a process group of its own. */
  | { readonly kind: 'shell'; readonly line: string }

/** Which variables a child gets. Patterns are globs with `*`. */
export type ChildEnvironment = {
  readonly isPristine: boolean
  readonly allowed: readonly string[]
  readonly denied: readonly string[]
  /** `NAME=VALUE`. */
  readonly custom: readonly string[]
}

/** `max` undefined never occurs: four times `min` by default. */
export type WaitSetting = { readonly minMs: number; readonly maxMs: number }

export type RetrySetting = {
  readonly isEnabled: boolean
  /** 0: for ever. */
  readonly attempts: number
  readonly backoffMs: number
  /** 0: no limit. */
  readonly mostBackoffMs: number
}

export type TemplateSetting = {
  /** A file, or the text itself (`contents`). */
  readonly source: { readonly path: string } | { readonly contents: string }
  /** Undefined: none, which only `-dry` allows. */
  readonly destination: string | undefined
  readonly createsFolders: boolean
  readonly command: CommandLine | undefined
  /** 0: it is not waited for. */
  readonly commandTimeoutMs: number
  readonly commandEnvironment: ChildEnvironment
  /** Checks the new file before it takes its place; `{}` in it is that file (ours). */
  readonly checkCommand: CommandLine | undefined
  /** Mode of the file; undefined: as it was, else 0644. */
  readonly permissions: number | undefined
  readonly user: string | undefined
  readonly group: string | undefined
  readonly hasBackup: boolean
  readonly isErrorOnMissingKey: boolean
  readonly isErrorFatal: boolean
  readonly leftDelimiter: string
  readonly rightDelimiter: string
  /** Undefined: as all others. */
  readonly wait: WaitSetting | undefined
  readonly deniedFunctions: readonly string[]
  readonly sandboxPath: string | undefined
  /** Fewer lines that begin with `server` than this in a rendering: it is not written (ours). */
  readonly leastServers: number
  /** The largest part of such lines that may vanish at once, 0 to 1; 1: all of them (ours). */
  readonly largestDrop: number
}

export type ExecSetting = {
  readonly command: CommandLine
  readonly splayMs: number
  /** Undefined: the child is ended and started anew. */
  readonly reloadSignal: NodeJS.Signals | undefined
  readonly killSignal: NodeJS.Signals
  readonly killTimeoutMs: number
  readonly environment: ChildEnvironment
}

export type ConsulSetting = {
  /** As `CONSUL_HTTP_ADDR` has it; undefined: the default. */
  readonly address: string | undefined
  readonly token: string | undefined
  /** `user:password`. */
  readonly auth: string | undefined
  readonly retry: RetrySetting
  readonly ssl: {
    readonly isEnabled: boolean
    readonly isVerified: boolean
    readonly cert: string | undefined
    readonly key: string | undefined
    readonly caCert: string | undefined
    readonly caPath: string | undefined
    readonly serverName: string | undefined
  }
}

export type LogLevel = 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERR'

export type RunnerConfig = {
  readonly templates: readonly TemplateSetting[]
  readonly consul: ConsulSetting
  readonly isOnce: boolean
  readonly isDry: boolean
  readonly isParseOnly: boolean
  readonly wait: WaitSetting | undefined
  /** 0: no stale reads. */
  readonly mostStaleMs: number
  readonly blockQueryWaitMs: number
  readonly isErrorOnFailedLookup: boolean
  /** A command that runs once after all templates written in a run (ours). */
  readonly afterCommand: CommandLine | undefined
  /** With `-once`: after so long the missing dependencies are listed, exit 14; 0: never (ours). */
  readonly onceTimeoutMs: number
  /** Where the newest answers are saved, to render from when Consul is away (ours). */
  readonly snapshotPath: string | undefined
  readonly logLevel: LogLevel
  readonly logFile:
    | {
        readonly path: string
        /** 0: no limit. */
        readonly rotateBytes: number
        readonly rotateMs: number
        /** 0: all are kept, negative: none. */
        readonly mostFiles: number
      }
    | undefined
  readonly syslog: { readonly facility: string; readonly name: string } | undefined
  readonly pidFile: string | undefined
  /** Undefined: none. */
  readonly reloadSignal: NodeJS.Signals | undefined
  readonly killSignal: NodeJS.Signals | undefined
  /** SIGTERM ends the program (ours, the default) or is nothing, as in the original. */
  readonly sigterm: 'end' | 'ignore'
  readonly exec: ExecSetting | undefined
  readonly deduplicate:
    | { readonly prefix: string; readonly ttlMs: number; readonly mostStaleMs: number }
    | undefined
  /** Files and folders that were read, for a reload. */
  readonly configPaths: readonly string[]
}

/**
 * What a command line and its files come to. `exitCode` is consul-template's: 13 flags, 14 a
 * template that is none, 15 files.
 */
export type ReadConfig =
  /** `warnings`: a line each, of what is accepted and does nothing here. */
  | { readonly kind: 'config'; readonly config: RunnerConfig; readonly warnings: readonly string[] }
  /** `-h`, `-v`: to standard output, exit 0. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'mistake'; readonly message: string; readonly exitCode: 13 | 14 | 15 }
