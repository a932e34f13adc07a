/**
 * Whether Consul's server takes a path as it is. It decodes a path and then answers one that has an
 * empty segment before its last, `.` or `..` with a redirect to another path (Go's http.ServeMux):
 * what is called so can be registered, but never asked for or deregistered.
 */
export function isCleanPath(path: string): boolean {
  const [, ...segments] = decodeURIComponent(path).split('/')
  const last = segments.length - 1
  return segments.every((segment, at) =>
    segment === '' ? at === last : segment !== '.' && segment !== '..',
  )
}

/** A name as a part of a path; half a surrogate pair, which has no UTF-8 form, as Go has it. */
export function pathPart(name: string): string {
  return encodeURIComponent(name.replaceAll(/\p{Cs}/gu, '\ufffd'))
}
