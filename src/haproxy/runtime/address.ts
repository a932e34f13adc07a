/** Where a control socket of HAProxy is: a unix socket's path, or `ADDR:PORT`, `[V6]:PORT`. */
export type SocketAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

/**
 * Reads a socket's address as HAProxy writes it (configuration.txt §11, `unix@` and `ipv4@` too):
 * whatever ends in a port and holds no slash is TCP, everything else a path.
 */
export function parseSocketAddress(text: string): SocketAddress {
  const bare = text.replace(/^(?:unix|ipv4|ipv6|tcp4?6?)@/, '')
  const match = /^(?:\[([^\]/]+)\]|([^/]*)):(\d{1,5})$/.exec(bare)
  if (match === null) return { kind: 'unix', path: bare }
  return { kind: 'tcp', host: match[1] ?? match[2] ?? '', port: Number(match[3]) }
}

/** Whether only this machine reaches it: what can be asked there needs no password. */
export function isLocalSocket(address: SocketAddress): boolean {
  return (
    address.kind === 'unix' ||
    /^127\.\d+\.\d+\.\d+$/.test(address.host) ||
    ['::1', 'localhost'].includes(address.host)
  )
}

/** What listens on every address is asked at this machine's own. */
const ownAddress: Readonly<Record<string, string>> = {
  '': '127.0.0.1',
  '*': '127.0.0.1',
  '0.0.0.0': '127.0.0.1',
  '::': '::1',
}

/** For `net.connect`. */
export function connectTo(
  text: string,
): { readonly path: string } | { readonly host: string; readonly port: number } {
  const address = parseSocketAddress(text)
  if (address.kind === 'unix') return { path: address.path }
  return { host: ownAddress[address.host] ?? address.host, port: address.port }
}
