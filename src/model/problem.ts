/**
 * Something that is wrong but expected (a mistyped label, an address that cannot be reached): a
 * value that travels with the data and ends up on show in `fairlead status`, never an exception.
 */
export type Problem = {
  /** The thing it is about, as the user knows it: `container web-1`, `label fairlead.prot`. */
  readonly where: string
  /** What is wrong, one sentence without a final full stop. */
  readonly what: string
  /** What the user can do about it; empty when there is nothing to do. */
  readonly hint: string
}

/** One step in the history of decisions about a container, service or URL (see `explain`). */
export type Decision = {
  /** The stage that decided: `seen`, `port`, `network`, `health`, `route`, `server`, … */
  readonly step: string
  /** `ok`: goes on. `note`: goes on, worth knowing. `stop`: it ends here, and `what` says why. */
  readonly outcome: 'ok' | 'note' | 'stop'
  readonly what: string
  readonly hint?: string
}
