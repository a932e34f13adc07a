import { FairleadError } from '../model/errors.ts'

/**
 * A configuration that people wrote cannot be planned or applied. Codes `usage` (what was named
 * cannot be it), `haproxy_unreachable`, `already_running`, `reload_failed`, `haproxy_refused`.
 */
export class HandwrittenError extends FairleadError {}
