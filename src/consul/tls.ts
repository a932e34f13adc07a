import { readFileSync, readdirSync } from 'node:fs'
import type { AgentOptions } from 'node:https'
import { join } from 'node:path'
import { FairleadError, messageOf } from '../model/errors.ts'
import type { ConsulOptions } from './contract.ts'

/**
 * What the options say, as node:https takes it; the files are read once, now. Throws FairleadError
 * `setting_invalid` for a file that cannot be read.
 */
export function tlsOptions({ tls }: ConsulOptions): AgentOptions {
  const authorities = [
    ...(tls.caFile === undefined ? [] : [readPem(tls.caFile)]),
    ...(tls.caFolder === undefined ? [] : readFolder(tls.caFolder)),
  ]
  return {
    rejectUnauthorized: tls.isVerified,
    ...(authorities.length === 0 ? {} : { ca: authorities }),
    ...(tls.certFile === undefined ? {} : { cert: readPem(tls.certFile) }),
    ...(tls.keyFile === undefined ? {} : { key: readPem(tls.keyFile) }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  }
}

function readPem(path: string): Buffer {
  return reading(path, () => readFileSync(path))
}

function readFolder(folder: string): readonly Buffer[] {
  const entries = reading(folder, () => readdirSync(folder, { withFileTypes: true }))
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => readPem(join(folder, name)))
}

function reading<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new FairleadError(
      'setting_invalid',
      `cannot read for Consul's TLS: ${messageOf(error)}`,
      {
        hint: `check the CONSUL_… variable that names ${path}`,
        cause: error,
      },
    )
  }
}
