/** The service under which fairlead knows the demo's web servers. */
export const serviceName = 'demo-hostname'

/** One of them: fairlead's name for it, and the hostname that its page shows. */
export type WebServer = { readonly name: string; readonly hostname: string }

/** The demo's web servers, in whatever they run. Every call may be repeated after a failure. */
export type WebServers = {
  readonly kind: 'containers' | 'processes'
  /**
   * Starts or stops servers until `count` are left; the newest go first, each serving its last
   * requests. Resolves with those that run.
   */
  scale(count: number): Promise<readonly WebServer[]>
  /** Ends them all, without waiting for requests in flight. */
  removeAll(): Promise<void>
}

/** Docker starts containers mostly one after the other; a few at once keep it busy. */
export const startsAtOnce = 4
/** A server that ends costs nothing but its last second. */
export const stopsAtOnce = 16

/** Runs `work` for every item, so many at a time; throws the first error after all have ended. */
export async function forAll<T>(
  atOnce: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items]
  const errors: unknown[] = []
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      await work(item).catch((error: unknown) => errors.push(error))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  if (errors.length > 0) throw errors[0]
}

/** Sorts servers by the number at the end of their names: oldest first. */
export function byNumber(a: { readonly name: string }, b: { readonly name: string }): number {
  const number = ({ name }: { readonly name: string }) => Number(/\d+$/.exec(name)?.[0] ?? 0)
  return number(a) - number(b)
}
