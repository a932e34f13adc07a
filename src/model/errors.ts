/** What each error code means at the borders; `docs/errors.md` is checked against this table. */
export const errorCodes = {
  usage: {
    exit: 2,
    http: 400,
    canRetry: false,
    means: 'a command line or request that makes no sense',
  },
  setting_invalid: {
    exit: 2,
    http: 400,
    canRetry: false,
    means: 'a setting has a value it cannot have',
  },
  address_in_use: {
    exit: 1,
    http: 409,
    canRetry: true,
    means: 'another program listens on an address fairlead was told to use',
  },
  address_unavailable: {
    exit: 1,
    http: 409,
    canRetry: false,
    means:
      "an address fairlead was told to use is not this machine's, or may not be bound by this user",
  },
  already_running: {
    exit: 1,
    http: 409,
    canRetry: false,
    means: 'another fairlead with the same name runs on this machine',
  },
  daemon_unreachable: { exit: 3, http: 503, canRetry: true, means: 'no fairlead daemon answers' },
  docker_unreachable: {
    exit: 1,
    http: 503,
    canRetry: true,
    means: 'a Docker daemon does not answer',
  },
  consul_unreachable: {
    exit: 1,
    http: 503,
    canRetry: true,
    means: 'no Consul agent answers, or it has no leader',
  },
  consul_refused: {
    exit: 1,
    http: 502,
    canRetry: false,
    means:
      'Consul refused a request: a registration it does not take, or a token without the right',
  },
  registry_unsupported: {
    exit: 1,
    http: 400,
    canRetry: false,
    means: 'a kind of registry that fairlead does not speak to',
  },
  haproxy_missing: {
    exit: 1,
    http: 503,
    canRetry: false,
    means: 'the haproxy program was not found',
  },
  haproxy_too_old: {
    exit: 1,
    http: 503,
    canRetry: false,
    means: 'the haproxy program is older than fairlead supports',
  },
  haproxy_unreachable: {
    exit: 1,
    http: 503,
    canRetry: true,
    means: 'HAProxy does not answer on its control socket',
  },
  haproxy_refused: { exit: 1, http: 502, canRetry: false, means: 'HAProxy refused a command' },
  config_rejected: {
    exit: 1,
    http: 422,
    canRetry: false,
    means: 'HAProxy found a mistake in a configuration; the running one stays',
  },
  config_syntax: {
    exit: 1,
    http: 422,
    canRetry: false,
    means: 'a configuration text cannot be parsed',
  },
  compose_unreadable: {
    exit: 2,
    http: 400,
    canRetry: false,
    means: 'a Compose file that is missing, cannot be read, or is no YAML',
  },
  reload_failed: {
    exit: 1,
    http: 502,
    canRetry: true,
    means: 'HAProxy did not take up a new configuration; the old one goes on',
  },
  haproxy_crashed: {
    exit: 1,
    http: 502,
    canRetry: true,
    means: 'HAProxy ended soon after it took up a new configuration; the one before is back',
  },
  template_syntax: {
    exit: 1,
    http: 422,
    canRetry: false,
    means: 'a template cannot be parsed',
  },
  template_failed: {
    exit: 1,
    http: 422,
    canRetry: false,
    means: 'a template stopped while it was evaluated',
  },
  template_run_failed: {
    exit: 14,
    http: 500,
    canRetry: true,
    means: 'a run of templates cannot go on: a file, a command or a lookup failed',
  },
  state_unwritable: {
    exit: 1,
    http: 507,
    canRetry: true,
    means: 'a file in the state folder cannot be written',
  },
  snapshot_refused: {
    exit: 1,
    http: 500,
    canRetry: false,
    means: 'a snapshot file is torn, or from a newer version; it was kept aside',
  },
  not_found: {
    exit: 1,
    http: 404,
    canRetry: false,
    means: 'no such container, service, endpoint or generation',
  },
  unauthorized: { exit: 1, http: 401, canRetry: false, means: 'the admin API wants a token' },
  forbidden: {
    exit: 1,
    http: 403,
    canRetry: false,
    means: 'a request with a foreign Host or Origin',
  },
  interrupted: { exit: 1, http: 503, canRetry: true, means: 'ended before it was done' },
  internal: { exit: 1, http: 500, canRetry: false, means: 'a defect in fairlead' },
} as const satisfies Record<
  string,
  { exit: number; http: number; canRetry: boolean; means: string }
>

export type ErrorCode = keyof typeof errorCodes

/**
 * The base of every error that fairlead throws on purpose: one line of what happened, a code, and
 * what the user can do. Each border (HAProxy, Docker, settings, …) has a subclass.
 */
export class FairleadError extends Error {
  readonly code: ErrorCode
  /** What to do about it, for people; may be empty. */
  readonly hint: string

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.hint = options.hint ?? ''
  }
}

/** The message of anything that was thrown, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replaceAll(/\s*\n\s*/g, ' ').trim()
}
