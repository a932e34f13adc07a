import { connect } from 'node:net'
import type { CheckKind, CheckResult } from './instance.ts'

type TcpCheck = Extract<CheckKind, { type: 'tcp' }>

/** Passing when the address accepts a connection before the signal aborts. Never rejects. */
export function checkTcp(check: TcpCheck, signal: AbortSignal): Promise<CheckResult> {
  const { address } = check
  const target = hostAndPort(address)
  if (target === undefined) {
    return Promise.resolve({ status: 'critical', output: `dial tcp: address ${address}: no port` })
  }
  return new Promise((resolve) => {
    const socket = connect(target)
    const settle = (result: CheckResult): void => {
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      resolve(result)
    }
    const fail = (why: string): void =>
      settle({ status: 'critical', output: `dial tcp ${address}: ${why}` })
    const onAbort = (): void => fail('i/o timeout')
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    socket.once('connect', () =>
      settle({ status: 'passing', output: `TCP connect ${address}: Success` }),
    )
    // Also the one that follows after `destroy`.
    socket.on('error', (error) => fail(error.message))
  })
}

function hostAndPort(address: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(address)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) return undefined
  return { host: match[1] ?? (match[2] || '127.0.0.1'), port }
}
