/** One server-sent event as bytes on the wire (WHATWG HTML §9.2). `data` holds no line break. */
export function eventFrame(event: string, data: string, id?: number): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`
}

/**
 * A response body made of frames, with a comment every `keepAliveMs` so that nobody on the way
 * takes the connection for dead. A reader that does not read is waited for: at most two frames are
 * held. `frames` gets a signal that aborts when the reader leaves or `signal` aborts, and must end
 * then; the body ends with it.
 */
export function eventStream(
  frames: (signal: AbortSignal) => AsyncIterable<string>,
  signal: AbortSignal,
  keepAliveMs: number,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const ending = new AbortController()
  let hasStarted = false
  let isCancelled = false
  let wake: (() => void) | undefined

  const end = (): void => {
    ending.abort()
    wake?.()
  }
  const hasRoom = (controller: ReadableStreamDefaultController): boolean =>
    (controller.desiredSize ?? 0) > 0

  const pump = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    const keepAlive = setInterval(() => {
      if (hasRoom(controller)) controller.enqueue(encoder.encode(': keep-alive\n\n'))
    }, keepAliveMs)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
    try {
      for await (const frame of frames(ending.signal)) {
        if (ending.signal.aborted) break
        controller.enqueue(encoder.encode(frame))
        while (!hasRoom(controller) && !ending.signal.aborted) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      }
      if (!isCancelled) controller.close()
    } catch (error) {
      if (!isCancelled) controller.error(error)
    } finally {
      clearInterval(keepAlive)
      signal.removeEventListener('abort', end)
    }
  }

  return new ReadableStream<Uint8Array>({
    pull(controller) {
      wake?.()
      if (hasStarted) return
      hasStarted = true
      void pump(controller)
    },
    cancel() {
      isCancelled = true
      end()
    },
  })
}
