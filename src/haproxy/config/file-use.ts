export type FileUse =
  /** A map of which the longest or only match counts. */
  | 'map'
  /** A map of which the first match counts: regular expressions, substrings, numbers, addresses. */
  | 'map-ordered'
  /** A map or ACL that requests change: what HAProxy holds of it is not for the file to say. */
  | 'written'
  /** Patterns of an ACL, one a line. */
  | 'acl'
  /** A certificate, or a folder of them. */
  | 'certificate'
  | 'crt-list'
  /** Certificates that those of others are checked against. */
  | 'ca'
  /** Certificates that were revoked. */
  | 'crl'
  /** Anything that HAProxy reads only when it is loaded: error pages, Lua, … */
  | 'other'

/** One use of a file, before its line is known. */
export type FileMention = { readonly path: string; readonly use: FileUse }

/** `crt-base`, `ca-base` and `key-base`: folders before relative paths. */
export type BaseFolders = ReadonlyMap<string, string>
