/** What is kept by `backend/server`, by backend and then by server, in the same order. */
export function byBackend<T>(
  entries: Iterable<readonly [key: string, value: T]>,
): Map<string, Map<string, T>> {
  const grouped = new Map<string, Map<string, T>>()
  for (const [key, value] of entries) {
    const slash = key.indexOf('/')
    const backend = key.slice(0, slash)
    const own = grouped.get(backend)
    const name = key.slice(slash + 1)
    if (own === undefined) grouped.set(backend, new Map([[name, value]]))
    else own.set(name, value)
  }
  return grouped
}
