import type { AdminState } from '../../model/desired-state.ts'
import type { RunningBackend, RunningServer } from '../control.ts'

/** What is known of the running HAProxy: the base of the difference. */
export type RunningState = {
  /** The text that the worker was loaded with, plus what runtime commands changed since; undefined: not known. */
  readonly config: string | undefined
  /** As in a desired state; given only where `config` is known. */
  readonly sections?: readonly string[] | undefined
  /** Content of the files the text names, as loaded or changed since: absolute path → content. */
  readonly files: ReadonlyMap<string, string>
  /** Read back from HAProxy: `backend/server` → server. Decides over the text what exists. */
  readonly servers: ReadonlyMap<string, RunningServer>
  /** Read back from HAProxy, `listen` sections too; undefined: it has those of the text, published. */
  readonly backends?: ReadonlyMap<string, RunningBackend> | undefined
  /**
   * Given only where `servers` was found to be just what `config` with these admin states asks for:
   * nothing would be planned between the two. A plan then looks only at servers whose line or state
   * is another in the desired state, and is the same as without it.
   */
  readonly agreedStates?: ReadonlyMap<string, AdminState> | undefined
  /** `Hard_maxconn` of `show info`: the connections that HAProxy made room for when it was loaded. */
  readonly mostConnections?: number | undefined
}

/** One thing that differs, and how it is brought about. */
export type Change = {
  readonly kind:
    | 'server-add'
    | 'server-remove'
    | 'server-replace'
    | 'server-address'
    | 'server-weight'
    | 'server-maxconn'
    | 'server-check'
    | 'server-state'
    | 'backend-add'
    | 'backend-remove'
    | 'backend-setting'
    | 'frontend-setting'
    | 'global-setting'
    | 'map-entry'
    | 'acl-entry'
    | 'certificate'
    | 'crt-list-entry'
    | 'structure'
  /** `backend app: + server web.4 10.0.1.7:80`; for people. */
  readonly summary: string
  /**
   * The commands in order; empty for what only a reload can do. One may carry a payload, also a
   * private key: people see it by `showCommand`.
   */
  readonly commands: readonly string[]
}

/**
 * Whether a later look at HAProxy tells that a change of this kind was made, though nobody kept it:
 * servers (one that no text names is made anew), their addresses, weights and states, backends, maps
 * and ACLs are read back. Parameters, limits, keys of cookies and whole chains of certificates are not.
 */
export const isReadBack: Readonly<Record<Change['kind'], boolean>> = {
  'server-add': true,
  'server-remove': true,
  'server-replace': false,
  'server-address': true,
  'server-weight': true,
  'server-maxconn': false,
  'server-check': false,
  'server-state': true,
  'backend-add': true,
  'backend-remove': true,
  'backend-setting': false,
  'frontend-setting': false,
  'global-setting': false,
  'map-entry': true,
  'acl-entry': true,
  certificate: false,
  'crt-list-entry': false,
  structure: false,
}

/**
 * What must be done to make the desired state true.
 * `removals`: what `commands` have taken out of service and is to be deleted once its last connection
 * has ended (HAProxy refuses before), in order: servers, by `backend/server`, and backends.
 */
export type Plan =
  | { readonly kind: 'none'; readonly changes: readonly [] }
  | {
      readonly kind: 'runtime'
      readonly changes: readonly Change[]
      readonly commands: readonly string[]
      readonly removals: readonly string[]
    }
  | {
      readonly kind: 'reload'
      readonly changes: readonly Change[]
      /** Why a reload, one per cause. */
      readonly reasons: readonly ReloadReason[]
    }

/** What kind of thing only a reload can bring; few, since metrics count by them. */
export type ReasonKind =
  /** A setting of a section differs. */
  | 'setting'
  /** A whole section is new, has gone, or stands elsewhere. */
  | 'section'
  /** A server, or the balance of its backend, that this HAProxy cannot change at runtime. */
  | 'server'
  /** A file the text names. */
  | 'file'
  /** So many changes that a reload is quicker. */
  | 'mass'
  /** It is not known what HAProxy runs. */
  | 'unknown'
  /** HAProxy refused a command, or differed afterwards. */
  | 'refused'
  /** HAProxy was not running. */
  | 'start'

export type ReloadReason = {
  readonly kind: ReasonKind
  /** `global: maxconn 100 → 200 (line 3)`, for people. */
  readonly text: string
  /** `backend app`, as in the text; undefined where it is about no section. */
  readonly section?: string | undefined
  /** In the new text, from 1; in the old one for what has gone. */
  readonly line?: number | undefined
}
