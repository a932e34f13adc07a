/** Environment and labels of a container, as `docker inspect` shows them. */
export type MetadataSource = {
  readonly env: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

/** What the SERVICE_* variables and labels say about one port. */
export type Metadata = {
  /** Key in lower case, without SERVICE_ and port → value. Includes `id`, `name`, `tags`. */
  readonly values: ReadonlyMap<string, string>
  /** Keys given in the port form (`SERVICE_80_NAME`), also when the value is empty. */
  readonly portKeys: ReadonlySet<string>
}

/**
 * Reads `SERVICE_<KEY>` and `SERVICE_<port>_<KEY>` for one exposed port, as Registrator does: the
 * port form beats the general form whatever its source; at equal form a label beats a variable and
 * a later variable an earlier one. An empty value in port form wins too: it turns a general one off.
 */
export function readMetadata(source: MetadataSource, port: number): Metadata {
  const general = new Map<string, string>()
  const specific = new Map<string, string>()
  for (const [name, value] of entriesOf(source)) {
    const entry = parseKey(name)
    if (entry === undefined) continue
    if (entry.port === undefined) general.set(entry.key, value)
    else if (entry.port === String(port)) specific.set(entry.key, value)
  }
  return {
    values: new Map([...general, ...specific]),
    portKeys: new Set(specific.keys()),
  }
}

/** Variables in order, then labels sorted by name, so that the result never depends on chance. */
function* entriesOf(source: MetadataSource): Generator<readonly [string, string]> {
  for (const line of source.env) {
    const equals = line.indexOf('=')
    if (equals !== -1) yield [line.slice(0, equals), line.slice(equals + 1)]
  }
  yield* sortedLabels(source.labels)
}

export function sortedLabels(labels: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

/** `SERVICE_80` alone is a general key named `80`; a key without a name is dropped. */
function parseKey(name: string): { port: string | undefined; key: string } | undefined {
  if (!name.startsWith('SERVICE_')) return undefined
  const rest = name.slice('SERVICE_'.length).toLowerCase()
  const match = /^([+-]?\d+)_(.*)$/s.exec(rest)
  const key = match?.[2] ?? rest
  return key === '' ? undefined : { port: match?.[1], key }
}

/** Keys that name the service itself and are not passed on as attributes. */
const consumed = new Set(['id', 'name', 'tags'])

/** Consul's service meta: all attributes that are not consumed. */
export function attributesOf(metadata: Metadata): Map<string, string> {
  return new Map([...metadata.values].filter(([key]) => !consumed.has(key)))
}

/**
 * Splits a SERVICE_TAGS value at its commas; `\,` is a literal comma, empty pieces are dropped,
 * spaces stay. The order is Registrator's: reversed.
 */
export function parseTags(text: string): string[] {
  return text
    .split(/(?<!\\),/)
    .filter((piece) => piece !== '')
    .map((piece) => piece.replaceAll('\\,', ','))
    .toReversed()
}
