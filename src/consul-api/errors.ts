import { FairleadError, type ErrorCode } from '../model/errors.ts'

const codes: Readonly<Record<number, ErrorCode>> = {
  400: 'usage',
  404: 'not_found',
  413: 'usage',
  429: 'usage',
}

/**
 * A request that Consul's API answers with an error: its status, and as message the text that Consul
 * gives. Codes `usage`, `not_found`, `internal`.
 */
export class ConsulApiError extends FairleadError {
  readonly status: number

  constructor(status: number, text: string) {
    super(codes[status] ?? 'internal', text)
    this.status = status
  }
}
