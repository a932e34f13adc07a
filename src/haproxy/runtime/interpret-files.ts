import { fingerprintsOf } from './certificates.ts'
import { interpretCertificateCommand } from './interpret-certificates.ts'
import type { CertificateWorld } from './interpret-certificates.ts'
import { interpretMapCommand, unknownIdentifier } from './interpret-maps.ts'
import type { MapWorld } from './interpret-maps.ts'
import type { MapEntry } from './maps.ts'

/** What a worker knows of the files that commands can change. */
export type FileWorld = MapWorld & CertificateWorld

export function emptyFileWorld(): FileWorld {
  return {
    maps: new Map(),
    acls: new Map(),
    prepared: new Map(),
    certificates: new Map(),
    authorities: new Map(),
    lists: new Map(),
    pending: new Map(),
  }
}

/** What one command does to the files, or shows of them; undefined for one about something else. */
export function interpretFileCommand(
  world: FileWorld,
  words: readonly string[],
  payload?: readonly string[],
): string | undefined {
  const [verb, noun = '', ...rest] = words
  if (verb !== 'show') {
    return (
      interpretMapCommand(world, words, payload) ??
      interpretCertificateCommand(world, words, payload)
    )
  }
  if (noun === 'map') return showEntries('map', world.maps, rest[0])
  if (noun === 'acl') return showEntries('acl', world.acls, rest[0])
  return noun === 'ssl' ? showCertificates(world, rest[0] ?? '', rest[1]) : undefined
}

function showEntries(
  noun: string,
  store: ReadonlyMap<string, readonly MapEntry[]>,
  path: string | undefined,
): string {
  if (path === undefined) {
    const lines = [...store.keys()].map(
      (each, index) => `${index} (${each}) pattern loaded from file '${each}'`,
    )
    return ['# id (file) description', ...lines].join('\n')
  }
  const entries = store.get(path)
  if (entries === undefined) return unknownIdentifier(noun)
  return entries
    .map(({ key, value }, index) => `0x${(index + 16).toString(16)} ${`${key} ${value}`.trim()}`)
    .join('\n')
}

function showCertificates(world: FileWorld, kind: string, path: string | undefined): string {
  if (kind === 'crt-list') {
    const entries = world.lists.get(path ?? '')
    if (entries === undefined) return "[3]: Can't display the crt-list: not found!"
    const lines = entries.map(({ certificate, filters }) => [certificate, ...filters].join(' '))
    return [`# ${path}`, ...lines].join('\n')
  }
  const store = kind === 'cert' ? world.certificates : world.authorities
  if (path === undefined) return ['# filename', ...store.keys()].join('\n')
  const pem = store.get(path)
  if (pem === undefined) return "[3]: Can't display the certificate: Not found!"
  const prints = (fingerprintsOf(pem) ?? []).map((hex) => `SHA1 FingerPrint: ${hex}`)
  return [`Filename: ${path}`, ...prints].join('\n')
}
