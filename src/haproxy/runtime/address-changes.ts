import type { RunningServer } from '../control.ts'

/** A server's new address as HAProxy spells it; undefined: that part stays as it is. */
export type AddressChange = {
  readonly backend: string
  readonly id: string
  readonly address: string | undefined
  readonly port: number | undefined
}

const command = /^set server (([^/\s]+)\/\S+) addr /

/**
 * Cuts commands after each run of `set server … addr`: from 3.0 HAProxy answers such a command
 * before it carries it out, so what comes next would still meet, and read, the old address.
 */
export function splitAfterAddresses(commands: readonly string[]): string[][] {
  const parts: string[][] = [[]]
  for (const [index, each] of commands.entries()) {
    if (index > 0 && command.test(commands[index - 1] ?? '') && !command.test(each)) parts.push([])
    parts.at(-1)?.push(each)
  }
  return parts
}

/** The changes that HAProxy has announced in its replies, the last one of each server. */
export function addressChanges(
  commands: readonly string[],
  replies: readonly string[],
): AddressChange[] {
  const changes = new Map<string, AddressChange>()
  for (const [index, each] of commands.entries()) {
    const match = command.exec(each)
    const reply = replies[index] ?? ''
    const address = /IP changed from '[^']*' to '([^']+)'/.exec(reply)?.[1]
    const port = /port changed from '[^']*' to '(\d+)'/.exec(reply)?.[1]
    if (match === null || (address ?? port) === undefined) continue
    const [, id = '', backend = ''] = match
    const earlier = changes.get(id)
    changes.set(id, {
      backend,
      id,
      address: address ?? earlier?.address,
      port: port === undefined ? earlier?.port : Number(port),
    })
  }
  return [...changes.values()]
}

/** Whether every server that is still there has its new address. */
export function haveArrived(
  changes: readonly AddressChange[],
  servers: ReadonlyMap<string, RunningServer>,
): boolean {
  return changes.every(({ id, address, port }) => {
    const server = servers.get(id)
    if (server === undefined) return true
    return server.address === (address ?? server.address) && server.port === (port ?? server.port)
  })
}
