import { resolve } from 'node:path'
import { messageOf } from '../model/errors.ts'
import { isDigest } from '../model/file-digest.ts'
import { observe } from '../haproxy/process/observe.ts'
import type { Observed } from '../haproxy/process/observe.ts'
import { isAway } from '../haproxy/runtime/errors.ts'
import { systemClock } from '../support/clock.ts'
import type { ConfigPart } from './config-source.ts'
import { HandwrittenError } from './errors.ts'
import { putBack } from './live-files.ts'
import type { PutBack } from './live-files.ts'
import type { Prepared } from './prepare.ts'
import type { ReloadRunner } from './reload-runner.ts'

const lookEveryMs = 50
/** At a reload by somebody else a master is away for a moment. */
const awayMs = 500
/** How long a supervisor is given to start HAProxy again. */
const restartMs = 5_000

/** Whether HAProxy did not live with a reload that was done, or did not even come back from it. */
export async function hasDied(
  { located }: Prepared,
  runner: ReloadRunner,
  error: unknown,
): Promise<boolean> {
  const { reloaded } = runner
  if (reloaded === 'none' || (reloaded === 'failed' && !isAway(error))) return false
  const now = await observe(located.socket, awayMs).catch(onlyGone)
  return now === undefined || runner.isReplacedBy(now)
}

/**
 * Watches HAProxy for a while after a reload: it must live and answer. Throws HandwrittenError
 * `reload_failed` when it is gone.
 */
export async function watchReloaded(
  { located }: Prepared,
  runner: ReloadRunner,
  watchMs: number,
): Promise<void> {
  const startedAt = performance.now()
  const endAt = startedAt + watchMs
  do {
    const now = await observe(located.socket, awayMs).catch(onlyGone)
    if (now === undefined || runner.isReplacedBy(now)) {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
      throw new HandwrittenError('reload_failed', `it was gone ${seconds} s later`)
    }
    await systemClock.sleep(Math.min(lookEveryMs, Math.max(0, endAt - performance.now())))
  } while (performance.now() < endAt)
}

/**
 * HAProxy was loaded anew and did not live: the files that it ran with before come back, so that
 * whoever starts it again starts that. Gives the error to throw, which names what had changed.
 */
export async function afterCrash(prepared: Prepared, cause: unknown): Promise<HandwrittenError> {
  const { plan, located, live, next, isInPlace, base, records } = prepared
  const previous =
    base.loaded === undefined ? (isInPlace ? undefined : live.parts) : previousFiles(prepared)
  const back = previous === undefined ? undefined : await putBack(previous, next.parts)
  await records.forgetIntent()
  const returned = await waitForReturn(located.socket)
  const reasons = plan.kind === 'reload' ? plan.reasons.map(({ text }) => text) : []
  const message = [
    `HAProxy took the new configuration up, but did not live with it (${messageOf(cause)})`,
    back === undefined ? 'what it ran before is not known, so nothing was put back' : said(back),
    returned === undefined
      ? 'nobody has started HAProxy again'
      : `HAProxy is running again (worker ${returned.worker.pid})`,
  ]
  const culprit = reasons.length === 0 ? '' : `what had changed: ${reasons.join('; ')}`
  const start = returned === undefined ? 'start HAProxy, such as by systemctl start haproxy' : ''
  return new HandwrittenError('reload_failed', message.join('; '), {
    hint: [start, culprit].filter((part) => part !== '').join('; '),
    cause,
  })
}

/** The texts that HAProxy ran with, at their places; of certificates nothing is kept to put back. */
function previousFiles({ base, folder, named }: Prepared): ConfigPart[] | undefined {
  if (base.loaded === undefined) return undefined
  const files = [...base.loaded.files]
    .filter(([path, text]) => !isDigest(text) && named.contents.get(path) !== text)
    .map(([path, text]) => ({ path: resolve(folder, path), text }))
  return [...base.loaded.parts, ...files]
}

function said({ restored, rejected }: PutBack): string {
  if (restored.length === 0) return 'the files were as before'
  const kept = rejected.length === 0 ? '' : `, and the new one kept as ${rejected.join(' ')}`
  return `the previous content is back in ${restored.join(' ')}${kept}`
}

async function waitForReturn(socket: string): Promise<Observed | undefined> {
  const endAt = performance.now() + restartMs
  for (;;) {
    const observed = await observe(socket, 0).catch(onlyGone)
    if (observed !== undefined || performance.now() >= endAt) return observed
    await systemClock.sleep(lookEveryMs)
  }
}

function onlyGone(error: unknown): undefined {
  if (isAway(error)) return undefined
  throw error
}
