import { networkInterfaces } from 'node:os'

/**
 * Gives a function that says whether this process had a network when this was called, and has none
 * left.
 *
 * A container that shares the network of HAProxy's container keeps the old network when that is
 * restarted: without any interface but loopback, and for good. From there no endpoint can be probed
 * any more, and only a new start of the container gets it into the new network.
 */
export function watchOwnNetwork(interfaces = networkInterfaces): () => boolean {
  const hasNetwork = (): boolean =>
    Object.values(interfaces()).some((addresses) => addresses?.some(({ internal }) => !internal))
  const hadNetwork = hasNetwork()
  return () => hadNetwork && !hasNetwork()
}
