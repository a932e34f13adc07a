import type { AllowedRequest } from '../discovery/docker/allowed-requests.ts'
import type { Capabilities } from '../haproxy/capabilities.ts'
import type { Observed } from '../haproxy/process/observe.ts'

/** A haproxy program that could be started. */
export type ProgramFacts = {
  readonly path: string
  /** Undefined: it does not say one. */
  readonly version: string | undefined
  /** Why it cannot be used; empty: it can. */
  readonly error: string
}

/** A control socket that was tried. */
export type SocketFacts = {
  readonly address: string
  /** Where it was heard of: `--socket`, `the configuration`, … */
  readonly by: string
  /** Undefined: nobody answered, `error` says why. */
  readonly observed: Observed | undefined
  readonly error: string
  /** Undefined for TCP, and where there is no such file. */
  readonly file: FileFacts | undefined
}

export type FileFacts = {
  /** The lowest nine bits. */
  readonly mode: number
  readonly owner: number
  readonly group: number
  /** Unix ms. */
  readonly changedMs: number
}

/** A HAProxy process on this machine that is no other's child: a master, or one that works alone. */
export type ProcessFacts = {
  readonly pid: number
  /** All of its family: itself, its workers. */
  readonly pids: readonly number[]
  readonly arguments: readonly string[]
  /** TCP addresses it listens on; empty also where that may not be looked at. */
  readonly listensOn: readonly { readonly address: string; readonly port: number }[]
  /** Most file descriptors that it may have; undefined: not to be seen, or unlimited. */
  readonly hardFiles: number | undefined
}

/** A configuration as it is on disk. */
export type TextFacts = {
  /** Files in the order HAProxy reads them. */
  readonly paths: readonly string[]
  readonly text: string
  /** Why it could not be read; empty: it could. */
  readonly error: string
  /** Latest change of a file, Unix ms. */
  readonly changedMs: number
}

/** Whether it is known what the worker runs. */
export type AdoptionFacts = {
  /** A record in the state folder says that the worker runs the text on disk. */
  readonly isRecorded: boolean
  /** Servers of the text that are not in HAProxy as the text has them, and the other way round. */
  readonly differences: readonly string[]
}

export type StateFolderFacts = {
  readonly path: string
  readonly exists: boolean
  /** Why it cannot be used; empty: it can. */
  readonly error: string
  readonly freeBytes: number | undefined
  /** Whether a fairlead daemon answers there. */
  readonly hasDaemon: boolean
}

/** Something that fairlead has no need to do. */
export type Excess = {
  /** `make containers` */
  readonly what: string
  /** Whether who may do it is as good as root on the daemon's machine. */
  readonly isRoot: boolean
}

/** A Docker daemon that could be watched. */
export type DockerFacts = {
  readonly url: string
  /** Why it does not answer; empty: it does. */
  readonly error: string
  /** What fairlead asks and is refused. */
  readonly refused: readonly AllowedRequest[]
  /** What it allows beside that; undefined: not tried. */
  readonly excess: readonly Excess[] | undefined
}

export type DoctorFacts = {
  /** Found by name, and those that running ones were started by. */
  readonly programs: readonly ProgramFacts[]
  /** In the order in which they were tried; the first that answers counts. */
  readonly sockets: readonly SocketFacts[]
  readonly processes: readonly ProcessFacts[]
  /** Of the HAProxy that answered; undefined: it is in a container or on another host. */
  readonly local:
    | {
        readonly process: ProcessFacts
        readonly program: ProgramFacts | undefined
        readonly isReplaced: boolean
      }
    | undefined
  readonly text: TextFacts | undefined
  readonly adoption: AdoptionFacts | undefined
  readonly capabilities: Capabilities | undefined
  readonly state: StateFolderFacts
  readonly docker: readonly DockerFacts[]
  readonly machine: {
    readonly cores: number
    readonly user: number
    /** Ports from this on are free for everybody. */
    readonly lowestFreePort: number
    readonly mayBindLowPorts: boolean
    /** Unix ms. */
    readonly nowMs: number
  }
}

export type Finding = {
  readonly level: 'ok' | 'note' | 'warning' | 'error'
  /** `program`, `socket`, `text`, `limits`, `state`, … */
  readonly about: string
  readonly found: string
  /** What to do; empty: nothing. */
  readonly change: string
}

export const ok = (about: string, found: string): Finding => ({
  level: 'ok',
  about,
  found,
  change: '',
})
export const note = (about: string, found: string, change = ''): Finding => ({
  level: 'note',
  about,
  found,
  change,
})
export const warning = (about: string, found: string, change: string): Finding => ({
  level: 'warning',
  about,
  found,
  change,
})
export const error = (about: string, found: string, change: string): Finding => ({
  level: 'error',
  about,
  found,
  change,
})

/** The HAProxy that answered, at the first socket where one did. */
export function answering(facts: DoctorFacts): (SocketFacts & { observed: Observed }) | undefined {
  for (const socket of facts.sockets) {
    const { observed } = socket
    if (observed !== undefined) return { ...socket, observed }
  }
  return undefined
}
