import { networkInterfaces } from 'node:os'
import type { NetworkInterfaceInfo } from 'node:os'
import { asRegistratorDoes, defaultHealthTtlMs } from '../registration/endpoint-to-registration.ts'
import type { RegistrationOptions } from '../registration/endpoint-to-registration.ts'
import { registratorPrefix } from '../registration/owner-meta.ts'
import type { RegistratorFlags } from './flags.ts'
import type { MappingOptions } from './mapping-options.ts'

/** `ip`: of `-ip` or `-ip-interface`; empty: neither. */
export function mappingOptions(
  flags: RegistratorFlags,
  hostname: string,
  ip: string,
): MappingOptions {
  return {
    hostname,
    ip,
    isInternal: flags.internal,
    isExplicit: flags.explicit,
    labelWithIp: flags.useIpFromLabel,
    networks: flags.network
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== ''),
    hasOverrides: flags.overrides,
    suffix: flags.suffix as MappingOptions['suffix'],
    hasAliases: flags.aliases,
    prefersIpv6: flags.ipv6,
    hasTagsInOrder: flags['tags-in-order'],
    isPublishedOnly: flags['published-only'],
    hasDigestNames: flags['digest-names'],
    allowsEmptyAddress: flags['empty-address'],
    isHealthyOnly: flags['healthy-only'],
    meta: flags.meta.map((each) => {
      const equals = each.indexOf('=')
      return [each.slice(0, equals), each.slice(equals + 1)]
    }),
    filters: {
      isOptIn: flags['opt-in'],
      onlyLabels: flags['only-label'],
      ignoredLabels: flags['ignore-label'],
      onlyNames: flags['only-name'],
      ignoredNames: flags['ignore-name'],
    },
  }
}

/** What is sent beside what Registrator sends. `hasMeta`: the registry takes meta. */
export function registrationOptions(flags: RegistratorFlags, hasMeta = true): RegistrationOptions {
  return {
    ...asRegistratorDoes,
    isMetaFitted: hasMeta,
    isCheckMetaKept: !flags['clean-meta'],
    isOwnerMarked: isOwnerMarked(flags),
    ownerPrefix: registratorPrefix,
    isTagOverrideFollowed: flags['tag-override'],
    healthTtlMs: flags.health ? defaultHealthTtlMs : undefined,
    checks: {
      areSeveralMade: flags['all-checks'],
      isExtended: flags['all-checks'],
      areCommandsMade: true,
    },
  }
}

export function isOwnerMarked(flags: RegistratorFlags): boolean {
  return flags.own || flags['cleanup-by-id']
}

type Interfaces = Readonly<
  Record<string, readonly Pick<NetworkInterfaceInfo, 'address' | 'family'>[] | undefined>
>

/** The first address of a network interface of this machine that is not link-local; empty: none. */
export function interfaceAddress(
  name: string,
  prefersIpv6: boolean,
  interfaces: Interfaces = networkInterfaces(),
): string {
  const usable = (interfaces[name] ?? []).filter(
    ({ address }) => !/^(fe80|169\.254\.)/i.test(address),
  )
  const wanted = usable.find(({ family }) => family === (prefersIpv6 ? 'IPv6' : 'IPv4'))
  return (wanted ?? usable[0])?.address ?? ''
}
