import type { Metadata } from './metadata.ts'

/**
 * The service name of one port, by Registrator's rules: SERVICE_NAME, else the image's base name;
 * with `-<port>` where the container has several ports and the port has no name of its own.
 */
export function serviceName(
  metadata: Metadata,
  image: string,
  port: number,
  isGroup: boolean,
): string {
  const given = metadata.values.get('name') ?? ''
  const name = given === '' ? imageBaseName(image) : given
  return isGroup && !metadata.portKeys.has('name') ? `${name}-${port}` : name
}

/**
 * `registry:5000/foo/bar:1.2@sha256:…` → `bar`. A digest is cut off first; an image that is only
 * an id is named by the first twelve digits of it.
 */
export function imageBaseName(image: string): string {
  if (image.startsWith('sha256:')) return image.slice('sha256:'.length).slice(0, 12) || 'sha256'
  const path = image.replace(/@.*$/s, '')
  const base = path.slice(path.lastIndexOf('/') + 1)
  const colon = base.indexOf(':')
  return (colon === -1 ? base : base.slice(0, colon)) || 'unnamed'
}

/** `<node>:<container>:<port>[:udp]`, or what SERVICE_ID says. */
export function endpointId(
  metadata: Metadata,
  node: string,
  container: string,
  port: number,
  protocol: 'tcp' | 'udp',
): string {
  const given = metadata.values.get('id') ?? ''
  if (given !== '') return given
  return `${node}:${container}:${port}${protocol === 'udp' ? ':udp' : ''}`
}

/** A value from outside, made fit to stand in a message: quoted, escaped, cut short. */
export function quoted(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
}

/** How a port is published, for a container or for a swarm service. */
export function publishHint(
  { swarmService }: { readonly swarmService?: string },
  port: number | 'PORT',
): string {
  return swarmService === undefined
    ? `publish its port (docker run -p ${port})`
    : `publish its port on its node (docker service update --publish-add mode=host,target=${port} ${swarmService})`
}
