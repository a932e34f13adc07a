import { join } from 'node:path'
import * as v from 'valibot'
import { dockerHost } from './addresses.ts'
import { noDuplicates } from './definition.ts'
import type { Definition } from './definition.ts'
import type { DockerHost } from './settings.ts'
import type { Surroundings } from './state-folder.ts'

const localSocket = 'unix:///var/run/docker.sock'

/** `--docker`: which daemons to watch; its default is the docker command's own. */
export const docker: Definition<readonly DockerHost[]> = {
  name: 'docker',
  group: 'Docker',
  placeholder: '[NAME=]URL',
  kind: 'list',
  isPath: false,
  help:
    'Docker daemon to watch: unix:///PATH, tcp://HOST:PORT, tcp://HOST:PORT?certs=FOLDER (TLS), ' +
    'ssh://[USER@]HOST, or none; NAME is used instead of the name that the daemon gives itself',
  parser: v.pipe(
    v.array(dockerHost),
    noDuplicates<DockerHost | 'none'>(),
    v.check(
      (hosts) => hosts.length === 1 || !hosts.includes('none'),
      'none cannot stand beside a daemon',
    ),
    v.check(hasDistinctNames, 'two daemons cannot have one name'),
    v.transform((hosts) => hosts.filter((host): host is DockerHost => host !== 'none')),
  ),
  fallback: () => [{ name: undefined, url: localSocket, certFolder: undefined }],
  shownDefault: `DOCKER_HOST, else ${localSocket}`,
}

/**
 * Gives tcp daemons without certificates of their own those of DOCKER_CERT_PATH when
 * DOCKER_TLS_VERIFY is set to anything but nothing, as the docker command does.
 */
export function withCertificates(
  hosts: readonly DockerHost[],
  { environment, homeFolder }: Surroundings,
): readonly DockerHost[] {
  if ((environment['DOCKER_TLS_VERIFY'] ?? '') === '') return hosts
  const certFolder = environment['DOCKER_CERT_PATH'] || join(homeFolder, '.docker')
  return hosts.map((host) =>
    host.url.startsWith('tcp://') && host.certFolder === undefined ? { ...host, certFolder } : host,
  )
}

function hasDistinctNames(hosts: readonly (DockerHost | 'none')[]): boolean {
  const names = hosts.flatMap((host) => (host === 'none' ? [] : (host.name ?? [])))
  return new Set(names).size === names.length
}
