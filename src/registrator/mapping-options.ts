/** Which containers are looked at; what matches is decided in `filters.ts`. */
export type FilterOptions = {
  /** Only containers with SERVICE_REGISTER=true. */
  readonly isOptIn: boolean
  /** `KEY` or `KEY=VALUE`. */
  readonly onlyLabels: readonly string[]
  readonly ignoredLabels: readonly string[]
  /** Patterns with `*` and `?`. */
  readonly onlyNames: readonly string[]
  readonly ignoredNames: readonly string[]
}

/** How containers become services; the flags explain each. */
export type MappingOptions = {
  /** First part of service ids. */
  readonly hostname: string
  /** `-ip` or the address of `-ip-interface`; empty: none. */
  readonly ip: string
  readonly isInternal: boolean
  readonly isExplicit: boolean
  /** `-useIpFromLabel`; empty: none. */
  readonly labelWithIp: string
  /** `-network`, the most wanted first. */
  readonly networks: readonly string[]
  readonly hasOverrides: boolean
  readonly suffix: 'group' | 'always' | 'never' | 'collision'
  readonly hasAliases: boolean
  readonly prefersIpv6: boolean
  readonly hasTagsInOrder: boolean
  readonly isPublishedOnly: boolean
  readonly hasDigestNames: boolean
  readonly allowsEmptyAddress: boolean
  /** A HEALTHCHECK that does not pass keeps a container out. */
  readonly isHealthyOnly: boolean
  /** Of every service; what a container says comes before it. */
  readonly meta: readonly (readonly [key: string, value: string])[]
  readonly filters: FilterOptions
}

/** Registrator's own behaviour. */
export const plainMapping: MappingOptions = {
  hostname: '',
  ip: '',
  isInternal: false,
  isExplicit: false,
  labelWithIp: '',
  networks: [],
  hasOverrides: false,
  suffix: 'group',
  hasAliases: false,
  prefersIpv6: false,
  hasTagsInOrder: false,
  isPublishedOnly: false,
  hasDigestNames: false,
  allowsEmptyAddress: false,
  isHealthyOnly: false,
  meta: [],
  filters: { isOptIn: false, onlyLabels: [], ignoredLabels: [], onlyNames: [], ignoredNames: [] },
}
