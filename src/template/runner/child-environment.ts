import type { ChildEnvironment, ConsulSetting } from '../config/contract.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The variables of a child: the parent's, filtered; then those that say which Consul is meant; then
 * the custom ones, the later winning.
 */
export function childEnvironment(
  parent: Environment,
  consul: Environment,
  { isPristine, allowed, denied, custom }: ChildEnvironment,
): Environment {
  const isKept = (name: string): boolean =>
    (allowed.length === 0 || allowed.some((pattern) => matchesGlob(name, pattern))) &&
    !denied.some((pattern) => matchesGlob(name, pattern))
  const kept = isPristine ? [] : Object.entries(parent).filter(([name]) => isKept(name))
  const own = custom.map((pair) => {
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    return [name, value] as const
  })
  return Object.fromEntries([...kept, ...Object.entries(consul), ...own])
}

/** What the settings say of Consul, as Consul's own programs read it from the environment. */
export function consulVariables(consul: ConsulSetting): Environment {
  return {
    ...(consul.address === undefined ? {} : { CONSUL_HTTP_ADDR: consul.address }),
    ...(consul.token === undefined ? {} : { CONSUL_HTTP_TOKEN: consul.token }),
    ...(consul.auth === undefined ? {} : { CONSUL_HTTP_AUTH: consul.auth }),
    CONSUL_HTTP_SSL: String(consul.ssl.isEnabled),
    CONSUL_HTTP_SSL_VERIFY: String(consul.ssl.isVerified),
  }
}

/** `*` stands for any characters. */
function matchesGlob(name: string, pattern: string): boolean {
  const parts = pattern.split('*')
  const [first = '', ...others] = parts
  if (others.length === 0) return name === pattern
  const last = others.pop() ?? ''
  if (!name.startsWith(first) || name.length < first.length + last.length) return false
  if (!name.endsWith(last)) return false
  let at = first.length
  for (const part of others) {
    const found = name.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return at <= name.length - last.length
}
