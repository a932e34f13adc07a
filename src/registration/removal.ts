/** When the services of a container that ended are deregistered. */
export type DeregisterMode = 'always' | 'on-success' | 'never'

/** How a container ended, as far as it is known. */
export type End =
  | { readonly kind: 'exited'; readonly code: number }
  /** Removed, so nobody can say how. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'running' }
  /** The daemon did not say. */
  | { readonly kind: 'unknown' }

export type RemovalVerdict = { readonly isRemoved: boolean; readonly why: string }

/**
 * Whether its services go. `on-success` as Registrator has it: exit 0 and every code with bit 128
 * (ended by a signal, plain 255 too) are successes, 1 to 127 are not.
 */
export function removalVerdict(mode: DeregisterMode, end: End): RemovalVerdict {
  if (mode === 'always') return { isRemoved: true, why: 'it ended' }
  if (mode === 'never') return { isRemoved: false, why: 'services are never deregistered' }
  if (end.kind === 'exited') {
    const isRemoved = end.code === 0 || (end.code & 128) !== 0
    return { isRemoved, why: `it ended with code ${end.code}` }
  }
  if (end.kind === 'gone') return { isRemoved: true, why: 'it was removed' }
  if (end.kind === 'running') return { isRemoved: false, why: 'it is still running' }
  return { isRemoved: false, why: 'it is not known how it ended' }
}
