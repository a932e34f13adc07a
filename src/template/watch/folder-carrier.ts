import { ConsulError } from '../../consul/errors.ts'
import type { PairAnswer } from '../records/answers.ts'
import type { Carrier, Outcome } from './carrier.ts'
import { Failures } from './failures.ts'
import { poll, type Polling, type PollListener } from './poll.ts'
import { keyPath } from './topic.ts'
import type { View } from './view.ts'

/** A folder that has more keys than this that nobody wants is not read for those that are. */
const mostUnwanted = 1000

/**
 * Reads many keys of one folder by one blocking query on all that is in it. `onUnfit` is told
 * where it holds too much beside them, or the token has no right to all of it.
 */
export function folderCarrier(
  folder: string,
  polling: Polling,
  outcome: Outcome,
  onUnfit: () => void,
): Carrier {
  const views = new Map<string, View>()
  const ending = new AbortController()
  const failures = new Failures(outcome.failed)
  let pairs: ReadonlyMap<string, PairAnswer> | undefined

  const deliver = (view: View, key: string): void => {
    const pair = pairs?.get(key)
    outcome.changed(view, view.take(pair === undefined ? undefined : [pair]))
  }
  const anyView = (): View | undefined => views.values().next().value
  const listener: PollListener = {
    onAnswer: (value) => {
      const answer = (value ?? []) as readonly PairAnswer[]
      const before = pairs
      pairs = new Map(answer.map((pair) => [pair.Key, pair]))
      for (const [key, view] of views) {
        // With the first answer: the view may have a value of a carrier that it had before.
        const isSame = before !== undefined && isSamePair(before.get(key), pairs.get(key))
        if (!isSame) deliver(view, key)
      }
      if (answer.length > views.size + mostUnwanted) onUnfit()
    },
    onFailure: (failed) => {
      const { error } = failed
      if (error instanceof ConsulError && error.code === 'consul_refused') return onUnfit()
      failures.failed(folder, anyView, failed)
    },
    onSuccess: () => failures.over(folder),
  }
  const asked = { path: keyPath(folder), query: { recurse: true } } as const
  void poll(polling, () => asked, listener, ending.signal)
  return {
    add(view) {
      const key = keyOf(view)
      views.set(key, view)
      if (pairs !== undefined) deliver(view, key)
    },
    remove: (view) => void views.delete(keyOf(view)),
    failing: () => failures.list(),
    close: () => ending.abort(),
  }
}

/** A key that was deleted and set again has another index, and may have another value. */
function isSamePair(before: PairAnswer | undefined, after: PairAnswer | undefined): boolean {
  return before?.ModifyIndex === after?.ModifyIndex && before?.Value === after?.Value
}

function keyOf({ topic: { way } }: View): string {
  return way.kind === 'key' ? way.key : ''
}
