import { consulUri } from '../consul/address.ts'
import type { Environment } from '../consul/address.ts'
import { ConsulClient } from '../consul/client.ts'
import type { Consul } from '../consul/contract.ts'
import { FairleadError } from '../model/errors.ts'
import type { RegistrationBackend } from '../registration/backend.ts'
import { ConsulBackend, firstAgent } from '../registration/consul-backend.ts'
import { ConsulKvBackend } from '../registration/consul-kv-backend.ts'

/** A registry as the URI names it. */
export type OpenedBackend = {
  /** `consul`, `consulkv-unix`, …: the name of Registrator's adapter. */
  readonly scheme: string
  readonly backend: RegistrationBackend
  readonly consul: Consul
  /** What keys begin with in Consul's key-value store; undefined: it is no such registry. */
  readonly keyPrefix: string | undefined
}

/** Registries that Registrator speaks to and fairlead does not. */
const unsupported = new Set(['etcd', 'skydns2', 'zookeeper'])
const supported = new Set(['consul', 'consul-tls', 'consul-unix', 'consulkv', 'consulkv-unix'])

/** The adapter's name in a URI; throws FairleadError for one that is none, or not spoken to. */
export function schemeOf(uri: string): string {
  const isUri = !/^[^a-z/]*:|^[^a-z][^/]*:|%(?![\da-f]{2})|\p{Cc}/iu.test(uri)
  if (!isUri) throw new FairleadError('usage', `bad adapter uri: ${uri}`)
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase() ?? ''
  if (unsupported.has(scheme)) {
    throw new FairleadError(
      'registry_unsupported',
      `not supported: ${scheme}; use ${[...supported].map((each) => `${each}://`).join(', ')}`,
    )
  }
  if (!supported.has(scheme)) throw new FairleadError('usage', `unrecognized adapter: ${uri}`)
  return scheme
}

/** As Go writes a URI, its scheme in lower case; without a password, which counts for nothing here. */
export function shownUri(uri: string): string {
  return uri
    .replace(/^[^:]+/, (scheme) => scheme.toLowerCase())
    .replace(/^([^:]+:\/\/[^/?#:]*):[^/?#]*@/, '$1:xxxxx@')
}

/** Opens no connection yet. Throws FairleadError `setting_invalid`. */
export function openBackend(uri: string, environment: Environment): OpenedBackend {
  const scheme = schemeOf(uri)
  // `consul:` is a URI as well.
  const full = uri.replace(/^([^:]+):(?!\/\/)/, '$1://')
  const { kind, options, prefix } = consulUri(full, environment)
  const consul = new ConsulClient(kind === 'keys' ? options : firstAgent(options))
  const backend =
    kind === 'keys' ? new ConsulKvBackend({ consul, prefix }) : new ConsulBackend({ consul })
  return { scheme, backend, consul, keyPrefix: kind === 'keys' ? prefix : undefined }
}
