import { FairleadError, messageOf } from '../../model/errors.ts'

/** A Docker daemon did not answer, or answered with an error. Code `docker_unreachable`. */
export class DockerError extends FairleadError {
  /** HTTP status of the daemon's answer; undefined when there was none. */
  readonly status: number | undefined
  /** Nothing came in time; other requests may well be answered. */
  readonly isTimeout: boolean

  constructor(
    message: string,
    options: {
      hint?: string
      cause?: unknown
      status?: number | undefined
      isTimeout?: boolean
    } = {},
  ) {
    super('docker_unreachable', message, options)
    this.status = options.status
    this.isTimeout = options.isTimeout === true
  }
}

/** Turns what a connection attempt threw into a DockerError that says what to do about it. */
export function toDockerError(error: unknown, url: string): DockerError {
  if (error instanceof DockerError) return error
  return new DockerError(`Docker at ${url}: ${messageOf(error)}`, {
    hint: hintFor(codeOf(error), url),
    cause: error,
  })
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code)
  return ''
}

function hintFor(code: string, url: string): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'add this user to the docker group (sudo usermod -aG docker $USER, then log in again), or run as root; a container needs the group of the socket (group_add)'
    case 'ENOENT':
      return `is Docker running? ${url} does not exist; start it with: sudo systemctl start docker`
    case 'ECONNREFUSED':
      return 'is Docker running, and listening there? Start it with: sudo systemctl start docker'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name cannot be resolved; check --docker'
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
      return 'the host does not answer; check the address and the firewall'
    default:
      return url.startsWith('ssh:') ? `does this work? ssh ${url.slice(6)} docker version` : ''
  }
}
