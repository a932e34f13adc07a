/** Which of Consul's services are named by the settings. */
export type ServiceFilter = {
  /** Names; `*` stands for any part of one. */
  readonly services: readonly string[]
  readonly tags: readonly string[]
}

/** What of the settings names an instance, as they are given: `--service shop*`; undefined: nothing. */
export function chosenBy(
  { services, tags }: ServiceFilter,
  name: string,
  instanceTags: readonly string[],
): string | undefined {
  const service = services.find((pattern) => matches(pattern, name))
  if (service !== undefined) return `--service ${service}`
  const tag = tags.find((each) => instanceTags.includes(each))
  return tag === undefined ? undefined : `--tag ${tag}`
}

/** Compares part by part, so that no pattern can be slow. */
function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*')
  const [first = '', last = ''] = [parts[0], parts.at(-1)]
  if (parts.length === 1) return pattern === name
  if (!name.startsWith(first) || !name.endsWith(last)) return false
  if (name.length < first.length + last.length) return false
  const middle = name.slice(first.length, name.length - last.length)
  let at = 0
  for (const part of parts.slice(1, -1)) {
    const found = middle.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return true
}
