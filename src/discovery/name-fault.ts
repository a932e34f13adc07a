/** Longer ids and names are refused: HAProxy, Consul and people cannot do with them. */
const mostCharacters = 255

/**
 * Why an id or a service name cannot be used; empty when it can. Half a surrogate pair has no UTF-8
 * form: two names with different halves would be one name for HAProxy.
 */
export function nameFault(name: string): string {
  if (name.length > mostCharacters) {
    return `is ${name.length} characters long, at most ${mostCharacters} are allowed`
  }
  if (/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(name)) return 'has a line break or control character'
  return ''
}
