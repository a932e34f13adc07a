/** HAProxy's administrative server states. */
export type AdminState = 'ready' | 'drain' | 'maint'

/** A configuration text. */
export type ConfigText = {
  /** The whole of it, ending in a line feed. */
  readonly config: string
  /**
   * The same, cut before lines that start a section: joined, they are `config`, which is not put
   * together before somebody asks for it. A stretch that did not change is the same string as
   * before, so that comparing, reading and keeping thousands of sections costs what changed.
   */
  readonly sections?: readonly string[] | undefined
}

/**
 * Everything that fairlead wants of HAProxy. The admin states stand beside the text because a text
 * alone cannot say drain: in the text a server that is not `ready` is `disabled`.
 */
export type DesiredState = ConfigText & {
  /** Files that the configuration names: absolute path → content. */
  readonly files: ReadonlyMap<string, string>
  /** `backend/server` → admin state; a server that is not listed is `ready`. */
  readonly servers: ReadonlyMap<string, AdminState>
}

/** Whether two texts are the same, and cut alike where both are cut. */
export function isSameText(a: ConfigText, b: ConfigText): boolean {
  if (a.sections === undefined || b.sections === undefined) return a.config === b.config
  return isSameList(a.sections, b.sections)
}

/** Whether two lists have equal elements, which is quickly told where these are the same objects. */
export function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  if (a === b) return true
  return a.length === b.length && a.every((each, index) => each === b[index])
}
