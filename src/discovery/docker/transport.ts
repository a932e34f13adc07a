import { readFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { request as httpRequest } from 'node:http'
import type { ClientRequest, RequestOptions } from 'node:http'
import { join } from 'node:path'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { FairleadError, messageOf } from '../../model/errors.ts'
import type { DockerHost } from '../../settings/settings.ts'
import { SshConnection } from './ssh-connection.ts'

export type Method = 'GET' | 'POST'

/** How requests get to one Docker daemon. */
export type Transport = {
  /** Starts a request; connections are kept and used again. */
  request(method: Method, path: string): ClientRequest
  /** Host name or address of a remote daemon; undefined when it runs on this machine. */
  readonly remoteHost: string | undefined
  close(): void
}

/** Connections are probed by the kernel after this time without traffic. */
const keepAliveMs = 3000

/**
 * The transport for `unix://`, `tcp://` (with TLS where there is a certificate folder) and `ssh://`.
 * Throws FairleadError `setting_invalid` for another scheme or an unreadable certificate.
 */
export function createTransport(host: DockerHost): Transport {
  if (host.url.startsWith('unix://')) return unixTransport(host.url.slice('unix://'.length))
  const url = parseUrl(host.url)
  if (url.protocol === 'ssh:') return sshTransport(url)
  if (url.protocol === 'tcp:') return tcpTransport(url, host.certFolder)
  throw unknownScheme(host.url)
}

function unixTransport(socketPath: string): Transport {
  const agent = new HttpAgent({ keepAlive: true })
  return {
    request: (method, path) =>
      httpRequest({ socketPath, method, path, agent, headers: { Host: 'docker' } }),
    remoteHost: undefined,
    close: () => agent.destroy(),
  }
}

function tcpTransport(url: URL, certFolder: string | undefined): Transport {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const remoteHost = isLoopback(host) ? undefined : host
  const options = { keepAlive: true, keepAliveMsecs: keepAliveMs }
  const agent =
    certFolder === undefined
      ? new HttpAgent(options)
      : new HttpsAgent({ ...options, ...certificates(certFolder) })
  const port = Number(url.port || (certFolder === undefined ? 2375 : 2376))
  return {
    request(method, path) {
      const target = { host, port, method, path, agent }
      const request = certFolder === undefined ? httpRequest(target) : httpsRequest(target)
      // Set at once and not only when the connection idles: the event stream never does.
      request.on('socket', (socket) => socket.setKeepAlive(true, keepAliveMs))
      return request
    },
    remoteHost,
    close: () => agent.destroy(),
  }
}

/** Overrides how an agent connects; node:http accepts any duplex stream here. */
class SshAgent extends HttpAgent {
  readonly #url: URL

  constructor(url: URL) {
    super({ keepAlive: true })
    this.#url = url
  }

  override createConnection(): Duplex {
    return new SshConnection(this.#url)
  }
}

function sshTransport(url: URL): Transport {
  const agent = new SshAgent(url)
  const options: RequestOptions = { agent, headers: { Host: 'docker' } }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return {
    request: (method, path) => httpRequest({ ...options, method, path }),
    remoteHost: isLoopback(host) ? undefined : host,
    close: () => agent.destroy(),
  }
}

function certificates(folder: string): { ca: Buffer; cert: Buffer; key: Buffer } {
  try {
    return {
      ca: readFileSync(join(folder, 'ca.pem')),
      cert: readFileSync(join(folder, 'cert.pem')),
      key: readFileSync(join(folder, 'key.pem')),
    }
  } catch (error) {
    throw new FairleadError(
      'setting_invalid',
      `cannot read TLS certificates: ${messageOf(error)}`,
      {
        hint: `put ca.pem, cert.pem and key.pem into ${folder}, or unset DOCKER_TLS_VERIFY`,
        cause: error,
      },
    )
  }
}

function parseUrl(text: string): URL {
  try {
    return new URL(text)
  } catch (error) {
    throw new FairleadError('setting_invalid', `not a Docker address: ${text}`, {
      hint: 'use unix:///var/run/docker.sock, tcp://HOST:PORT or ssh://[USER@]HOST[:PORT]',
      cause: error,
    })
  }
}

function unknownScheme(text: string): FairleadError {
  return new FairleadError('setting_invalid', `not a Docker address: ${text}`, {
    hint: 'use unix:///var/run/docker.sock, tcp://HOST:PORT or ssh://[USER@]HOST[:PORT]',
  })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
