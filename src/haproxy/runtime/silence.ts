import type { Socket } from 'node:net'

/**
 * Calls back when nothing has come in or gone out for so long. A process that was stopped or starved
 * sees its timers expire before it reads the answer that has long been there: that is no silence.
 */
export function onSilence(socket: Socket, timeoutMs: number, callback: () => void): void {
  socket.setTimeout(timeoutMs)
  socket.on('timeout', () => {
    const { bytesRead, bytesWritten } = socket
    setImmediate(() => {
      const isSilent = socket.bytesRead === bytesRead && socket.bytesWritten === bytesWritten
      if (isSilent && !socket.destroyed) callback()
    })
  })
}
