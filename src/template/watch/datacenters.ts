import type { Consul } from '../../consul/contract.ts'
import { FairleadError } from '../../model/errors.ts'
import { compareBytes } from '../go/byte-text.ts'

/** Names of the datacenters, sorted; with `isAnswering` only of those that answer now. */
export async function readDatacenters(
  consul: Consul,
  isAnswering: boolean,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { value } = await consul.get<readonly string[]>('/v1/catalog/datacenters', { signal })
  const names = value.toSorted(compareBytes)
  if (!isAnswering) return names
  const answering = await Promise.all(names.map((name) => answers(consul, name, signal)))
  return names.filter((_, at) => answering[at])
}

async function answers(consul: Consul, dc: string, signal: AbortSignal): Promise<boolean> {
  try {
    await consul.get('/v1/catalog/services', { query: { dc }, signal })
    return true
  } catch (error) {
    // What was asked for is whether it fails.
    if (error instanceof FairleadError && !signal.aborted) return false
    throw error
  }
}
