/** When failures are tried again. */
export type RetryRule = {
  readonly isEnabled: boolean
  /** 0: for ever. */
  readonly attempts: number
  readonly backoffMs: number
  /** 0: no limit. */
  readonly mostBackoffMs: number
}

/** A timer that is longer than this is none. */
const longestPauseMs = 2 ** 31 - 1

/** Counts failures in a row: the pause doubles from `backoffMs` up to `mostBackoffMs`. */
export class Retries {
  readonly #rule: RetryRule
  #failures = 0

  constructor(rule: RetryRule) {
    this.#rule = rule
  }

  /** One more failure; `retryInMs` undefined: that was the last try. */
  failed(): { readonly failures: number; readonly retryInMs: number | undefined } {
    const { isEnabled, attempts, backoffMs, mostBackoffMs } = this.#rule
    const failures = ++this.#failures
    if (!isEnabled || (attempts > 0 && failures > attempts)) {
      return { failures, retryInMs: undefined }
    }
    const most = mostBackoffMs > 0 ? mostBackoffMs : longestPauseMs
    return { failures, retryInMs: Math.min(most, backoffMs * 2 ** (failures - 1)) }
  }

  succeeded(): void {
    this.#failures = 0
  }
}
