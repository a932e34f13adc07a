import type { StatusReport } from '../api/contract.ts'
import { systemClock } from '../support/clock.ts'
import { Mailbox } from '../support/mailbox.ts'
import { printable } from '../support/printable.ts'
import { ClientError } from './client.ts'
import type { DaemonClient } from './client.ts'
import type { CliContext } from './context.ts'
import { cut } from './render/text.ts'

const everyMs = 1000
/** Between two drawings at most this fast, however many changes there are. */
const atMostEveryMs = 100

/**
 * The terminal's second screen, so that what was there before comes back; without a cursor, and
 * long lines are cut off instead of wrapped (xterm control sequences, DEC private modes).
 */
const enter = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const leave = '\u001b[?7h\u001b[?25h\u001b[?1049l'
const home = '\u001b[H'
const eraseLine = '\u001b[K'
const eraseBelow = '\u001b[J'

/**
 * Shows the status again at every change and every second until the user interrupts. A daemon that
 * stops to answer is waited for; one that does not answer at the start throws ClientError.
 */
export async function watchStatus(
  client: DaemonClient,
  render: (report: StatusReport) => string,
  isJson: boolean,
  context: CliContext,
): Promise<void> {
  const signal = context.untilInterrupted()
  const wake = new Mailbox<'changed' | 'tick'>()
  const isScreen = context.isTerminal && !isJson
  let text = render(await client.status())
  const following = follow(client, wake, signal)
  if (isScreen) context.out(enter)
  try {
    while (!signal.aborted) {
      context.out(isScreen ? screen(text, context) : isJson ? text : `${text}\n`)
      await systemClock.sleep(atMostEveryMs, signal)
      await changeOrTick(wake, signal)
      text = (await nextText(client, render, isJson)) ?? text
    }
  } finally {
    if (isScreen) context.out(leave)
  }
  await following
}

/** Waits for a change, at most until the next second. */
async function changeOrTick(wake: Mailbox<'changed' | 'tick'>, signal: AbortSignal): Promise<void> {
  const waiting = new AbortController()
  const both = AbortSignal.any([signal, waiting.signal])
  const tick = systemClock.sleep(everyMs - atMostEveryMs, both).then(() => wake.put('tick'))
  await wake.take(signal)
  waiting.abort()
  await tick
  // The tick that was cut short has put a letter too.
  await wake.take(AbortSignal.abort())
}

async function nextText(
  client: DaemonClient,
  render: (report: StatusReport) => string,
  isJson: boolean,
): Promise<string | undefined> {
  try {
    return render(await client.status())
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
    // A program that reads JSON gets reports only; it sees that none come.
    return isJson ? undefined : `fairlead: ${printable(error.message)}; asking again\n`
  }
}

/** Puts a letter at every change, and connects again as long as the user watches. */
async function follow(
  client: DaemonClient,
  wake: Mailbox<'changed' | 'tick'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const { id } of client.changes(signal)) if (id > 0) wake.put('changed')
    } catch (error) {
      // The status call meets the same failure and shows it.
      if (!(error instanceof ClientError)) throw error
    }
    await systemClock.sleep(everyMs, signal)
  }
}

/** One screenful, drawn over the last one without a flicker; what is too long or too wide is cut. */
function screen(text: string, context: CliContext): string {
  const lines = text.trimEnd().split('\n')
  const room = Math.max(2, context.rows)
  const more = cut(`… ${lines.length - room + 1} more lines: fairlead status`, context.columns)
  const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), more]
  return `${home}${shown.map((line) => `${line}${eraseLine}`).join('\r\n')}${eraseBelow}`
}
