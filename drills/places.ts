import type { Host } from '../test/lab/host.ts'

/** Whether an address with a port is one of the host, as published ports are. */
export const isOn =
  ({ address }: Host) =>
  (server: string): boolean =>
    server.startsWith(`${address}:`)
