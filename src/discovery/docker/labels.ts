import { readMetadata, sortedLabels } from './metadata.ts'
import type { MetadataSource } from './metadata.ts'

const labelPrefix = 'fairlead.'
const attributePrefix = 'fairlead_'

/**
 * Collects the routing keys of one port, lower-case and without prefix, values as given. Lowest
 * precedence first: variable SERVICE_FAIRLEAD_X, label SERVICE_FAIRLEAD_X, label `fairlead.x`, then
 * the port form SERVICE_80_FAIRLEAD_X, again variable before label.
 */
export function readRoutingLabels(source: MetadataSource, port: number): Map<string, string> {
  const { values, portKeys } = readMetadata(source, port)
  const found = new Map<string, string>()
  for (const [key, value] of values) {
    if (key.startsWith(attributePrefix)) found.set(key.slice(attributePrefix.length), value)
  }
  for (const [key, value] of plainLabels(source.labels)) {
    if (!portKeys.has(`${attributePrefix}${key}`)) found.set(key, value)
  }
  found.delete('')
  return found
}

/** Routing keys that hold for the container as a whole, whatever the port. */
export function readContainerLabels(source: MetadataSource): Map<string, string> {
  return readRoutingLabels(source, 0)
}

function* plainLabels(labels: Readonly<Record<string, string>>): Generator<[string, string]> {
  for (const [name, value] of sortedLabels(labels)) {
    const lower = name.toLowerCase()
    if (lower.startsWith(labelPrefix)) yield [lower.slice(labelPrefix.length), value]
  }
}
