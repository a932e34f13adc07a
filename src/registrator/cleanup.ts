import type { Registered } from '../registration/backend.ts'

/** A service that a running container has: what dangling ones are compared with. */
export type Remembered = {
  readonly name: string
  readonly container: string
}

/** `<host>:<container>:<port>[:udp]`; Docker's names have two characters at least. */
const generatedId = /^([^:]*):([a-zA-Z0-9][a-zA-Z0-9_.-]+):[0-9]+(?::udp)?$/

/**
 * What `-cleanup` removes, by Registrator's rule: services whose id begins with this host's name
 * and has the generated form, unless a running container has a service of that name and is called
 * as the id says. Ports are not compared; services with an id of their own stay.
 */
export function danglingByName(
  unwanted: readonly Registered[],
  remembered: readonly Remembered[],
  hostname: string,
): readonly Registered[] {
  const isRemembered = (name: string, container: string | undefined): boolean =>
    remembered.some((each) => each.name === name && each.container === container)
  return unwanted.filter(({ id, name }) => {
    const [, host, container] = generatedId.exec(id) ?? []
    return host === hostname && !isRemembered(name, container)
  })
}
