import type { ChangeReport, DaemonControl } from './contract.ts'

/** A change, or the number of changes that this reader can no longer be given. */
export type Followed =
  | { readonly kind: 'change'; readonly change: ChangeReport }
  | { readonly kind: 'lagged'; readonly missed: number }

/**
 * Every change after `afterId`, in order and each once: first those the ledger still keeps, then
 * new ones as they happen. A reader that falls behind goes on with what the ledger keeps, after a
 * `lagged` note. Ends when the signal aborts.
 */
export async function* followChanges(
  control: Pick<DaemonControl, 'recentChanges' | 'changes'>,
  afterId: number,
  signal: AbortSignal,
): AsyncGenerator<Followed, void, undefined> {
  let lastId = afterId
  function* since(change: ChangeReport): Generator<Followed> {
    if (change.id <= lastId) return
    if (change.id > lastId + 1) yield { kind: 'lagged', missed: change.id - lastId - 1 }
    lastId = change.id
    yield { kind: 'change', change }
  }
  while (!signal.aborted) {
    const lastIdBefore = lastId
    const live = control.changes(signal)
    for (const change of control.recentChanges()) {
      if (signal.aborted) return
      yield* since(change)
    }
    for await (const change of live) yield* since(change)
    // Who is dropped for being slow always finds something newer; without that the source has
    // ended for good, and asking again would spin.
    if (lastId === lastIdBefore && (control.recentChanges().at(-1)?.id ?? 0) <= lastId) return
  }
}
