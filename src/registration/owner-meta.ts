/**
 * Service meta by which one fairlead tells the others what stands behind a registration. Consul
 * allows letters, digits, `-` and `_` in keys, and 512 characters in a value.
 */
export const ownerMeta = {
  /** Name of the fairlead that registered it: the host it runs on. */
  owner: 'fairlead-owner',
  /** The container's id, 64 hexadecimal digits. */
  container: 'fairlead-container',
  name: 'fairlead-name',
  image: 'fairlead-image',
  /** The port inside the container. */
  exposedPort: 'fairlead-exposed-port',
  /** When the container was started, Unix ms. */
  started: 'fairlead-started',
} as const

/**
 * Before the name of a Docker daemon whose containers a registrator registers: another owner than
 * the `up` of the same daemon, so that neither removes what the other registered.
 */
export const registratorPrefix = 'registrator@'

/** What the owner meta of a registration says. */
export type Owner = {
  readonly owner: string
  readonly container: string
  /** The container's name, else the beginning of its id. */
  readonly name: string
  /** Empty when it is not said. */
  readonly image: string
  readonly exposedPort: number | undefined
  readonly startedAtMs: number | undefined
}

/** Undefined: no fairlead registered this, or not in a form that is understood. */
export function readOwner(meta: Readonly<Record<string, string>>): Owner | undefined {
  const owner = meta[ownerMeta.owner]
  const container = meta[ownerMeta.container]
  if (owner === undefined || container === undefined) return undefined
  if (owner === '' || !/^[0-9a-f]{64}$/.test(container)) return undefined
  return {
    owner,
    container,
    name: meta[ownerMeta.name] || container.slice(0, 12),
    image: meta[ownerMeta.image] ?? '',
    exposedPort: wholeNumber(meta[ownerMeta.exposedPort], 65_535),
    startedAtMs: wholeNumber(meta[ownerMeta.started], Number.MAX_SAFE_INTEGER),
  }
}

function wholeNumber(text: string | undefined, most: number): number | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined
  const value = Number(text)
  return value >= 1 && value <= most ? value : undefined
}
