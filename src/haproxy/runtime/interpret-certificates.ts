import { fingerprintsOf } from './certificates.ts'
import type { ListedCertificate } from './crt-lists.ts'

/** What a worker knows of certificates; by the paths of their files. */
export type CertificateWorld = {
  /** Path → PEM; empty for one that is new and not yet committed. */
  readonly certificates: Map<string, string>
  readonly authorities: Map<string, string>
  readonly lists: Map<string, readonly ListedCertificate[]>
  /** Begun with `set` and not yet committed: `cert path` → PEM. */
  readonly pending: Map<string, string>
}

/**
 * What one command does to certificates, authorities and crt-lists, as HAProxy does it on 2.6 to 3.4;
 * undefined for another command.
 */
export function interpretCertificateCommand(
  world: CertificateWorld,
  words: readonly string[],
  payload: readonly string[] | undefined,
): string | undefined {
  const [verb = '', noun, kind = '', path = '', ...rest] = words
  if (noun !== 'ssl') return undefined
  if (kind === 'crt-list')
    return changeList(world, verb, path, payload?.join(' ') ?? rest.join(' '))
  const owner = path.replace(/\.(?:key|issuer)$/, '')
  const store = kind === 'cert' ? world.certificates : world.authorities
  if (verb === 'new') return create(world, path)
  if (verb === 'del') return remove(world, path)
  if (!store.has(owner)) {
    return `[3]: Can't replace a certificate which is not referenced by the configuration!`
  }
  const place = `${kind} ${owner}`
  if (verb === 'set' || verb === 'add') {
    const text = `${(payload ?? []).join('\n')}\n`
    world.pending.set(place, (world.pending.get(place) ?? '') + text)
    return `[5]: Transaction created for certificate ${owner}!`
  }
  const next = world.pending.get(place)
  if (next === undefined) return '[3]: No ongoing transaction! !'
  world.pending.delete(place)
  if (verb === 'abort') return `[5]: Transaction aborted for certificate '${owner}'!`
  if ((fingerprintsOf(next) ?? []).length === 0) {
    return `Committing ${owner}.\nunable to load the certificate.\nFailed!`
  }
  store.set(owner, next)
  return `Committing ${owner}.\nSuccess!`
}

function create({ certificates }: CertificateWorld, path: string): string {
  if (certificates.has(path)) return `[3]: The certificate '${path}' already exists!`
  certificates.set(path, '')
  return `[5]: New empty certificate store '${path}'!`
}

function remove({ certificates, lists }: CertificateWorld, path: string): string {
  if (!certificates.has(path)) return `[3]: Can't remove the certificate: not found!`
  const isUsed = [...lists.values()].flat().some(({ certificate }) => certificate === path)
  if (isUsed) {
    return `[3]: Can't remove the certificate: certificate '${path}' in use, can't be deleted!`
  }
  certificates.delete(path)
  return `[5]: Certificate '${path}' deleted!`
}

function changeList(
  { certificates, lists }: CertificateWorld,
  verb: string,
  path: string,
  line: string,
): string {
  const entries = lists.get(path)
  if (entries === undefined) return `[3]: Can't edit the crt-list: crt-list '${path}' not found!`
  const [certificate = '', ...filters] = line.replace(/\[[^\]]*\]/, '').split(/ +/)
  if (verb === 'add') {
    if ((certificates.get(certificate) ?? '') === '') {
      return `[3]: Can't edit the crt-list: certificate '${certificate}' is empty!`
    }
    lists.set(path, [...entries, { certificate, filters }])
    return `Inserting certificate '${certificate}' in crt-list '${path}'.\nSuccess!`
  }
  if (entries[0]?.certificate === certificate) {
    return `[3]: Can't delete the entry: certificate '${certificate}' cannot be deleted, it is used as default certificate`
  }
  lists.set(
    path,
    entries.filter((entry) => entry.certificate !== certificate),
  )
  return `[5]: Entry '${certificate}' deleted in crtlist '${path}'!`
}
