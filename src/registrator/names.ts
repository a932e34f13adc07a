import type { Metadata } from '../discovery/docker/metadata.ts'
import type { CandidatePort } from './ports.ts'

/**
 * The default service name: the image's last path segment up to its first colon. A digest is cut
 * off first, unless `hasDigestNames`: then `redis@sha256:…` is `redis@sha256`, as with Registrator.
 */
export function imageName(image: string, hasDigestNames: boolean): string {
  const path = hasDigestNames ? image : image.replace(/@[^@]*$/s, '')
  const base = path.replace(/\/+$/, '').split('/').at(-1) ?? ''
  return base === '' ? (path === '' ? '.' : '/') : (base.split(':')[0] ?? '')
}

/** A port with what its service is called before a suffix is added. */
export type Named = {
  readonly port: CandidatePort
  readonly metadata: Metadata
  readonly name: string
}

/**
 * Service names of a container's ports. With several ports (`isGroup`, counted before any is
 * ignored) a name that is not given for the port itself gets `-<port>`; `suffix` changes when.
 */
export function suffixed(
  named: readonly Named[],
  suffix: 'group' | 'always' | 'never' | 'collision',
  isGroup: boolean,
): string[] {
  const isShared = ({ name, port }: Named): boolean =>
    named.some((other) => other.name === name && other.port.text !== port.text)
  return named.map((each) => {
    const hasOwnName = each.metadata.portKeys.has('name')
    const hasSuffix = {
      group: isGroup && !hasOwnName,
      always: true,
      never: false,
      collision: isShared(each) && !hasOwnName,
    }[suffix]
    return hasSuffix ? `${each.name}-${each.port.text}` : each.name
  })
}

/** `<host>:<container>:<port>`, with `:udp` for udp; a SERVICE_ID takes the place of all of it. */
export function serviceId({ port, metadata }: Named, host: string, container: string): string {
  const given = metadata.values.get('id') ?? ''
  if (given !== '') return given
  return `${host}:${container}:${port.text}${port.protocol === 'udp' ? ':udp' : ''}`
}
