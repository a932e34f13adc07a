import { FairleadError } from '../../model/errors.ts'
import type { ErrorCode } from '../../model/errors.ts'

/** What goes wrong at the border to HAProxy: its program, its sockets, its answers. */
export class HaproxyError extends FairleadError {}

/** Whether an error says that nobody answers, or another one than was meant. */
export function isAway(error: unknown): error is FairleadError {
  return error instanceof FairleadError && error.code === 'haproxy_unreachable'
}

/** Another worker than was meant took the connection, and was sent nothing. Code `haproxy_unreachable`. */
export class AnotherWorkerError extends HaproxyError {}

/** One message of `haproxy -c` or of a failed reload. */
export type ConfigMessage = {
  readonly level: 'alert' | 'warning' | 'notice'
  /** The file HAProxy names; empty when it names none. */
  readonly file: string
  /** Counted from 1; undefined for a message about the whole configuration. */
  readonly line: number | undefined
  /** HAProxy's own words, on one line. */
  readonly text: string
}

/** HAProxy found a mistake in a configuration. Code `config_rejected`. */
export class ConfigRejectedError extends HaproxyError {
  /** All that HAProxy said, in its order. */
  readonly messages: readonly ConfigMessage[]

  constructor(message: string, messages: readonly ConfigMessage[], cause?: unknown) {
    super('config_rejected', message, {
      hint: 'the running configuration stays; the lines named are those of the new one',
      cause,
    })
    this.messages = messages
  }
}

/** A desired state could not be made true. What HAProxy did before goes on. */
export class ApplyError extends HaproxyError {
  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(code, message, options)
  }
}
