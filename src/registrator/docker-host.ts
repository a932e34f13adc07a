import { homedir } from 'node:os'
import { join } from 'node:path'
import type { DockerHost } from '../settings/settings.ts'

/** Where Registrator's image has the daemon's socket mounted. */
const defaultHost = 'unix:///tmp/docker.sock'

/**
 * The daemon that DOCKER_HOST names, with TLS where DOCKER_TLS_VERIFY is not empty: `cert.pem`,
 * `key.pem` and `ca.pem` of DOCKER_CERT_PATH, by default `~/.docker`.
 */
export function dockerHost(environment: Readonly<Record<string, string | undefined>>): DockerHost {
  const given = environment['DOCKER_HOST'] || defaultHost
  const url = given.replace(/^https?:\/\//, 'tcp://')
  const isTls = (environment['DOCKER_TLS_VERIFY'] ?? '') !== '' && url.startsWith('tcp://')
  const certFolder = environment['DOCKER_CERT_PATH'] || join(homedir(), '.docker')
  return { name: undefined, url, certFolder: isTls ? certFolder : undefined }
}
