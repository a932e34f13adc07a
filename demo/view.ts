import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import type { StatusReport } from '../src/api/contract.ts'
import { messageOf } from './errors.ts'
import { demoEndpoints } from './fairlead.ts'
import type { Fairlead } from './fairlead.ts'
import { summary, table } from './table.ts'
import type { WebServer } from './web-servers.ts'

/** What the demo shows while it runs. */
export type View = {
  /** Shows until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
  /** Prints a line above the table. */
  note(text: string): void
}

export type ViewInput = {
  readonly url: string
  readonly fairlead: Fairlead
  readonly servers: () => readonly WebServer[]
  readonly say: (text: string) => void
}

const refreshMs = 1000

/** A table drawn again in place on a terminal; anywhere else a plain line for each change. */
export function createView(input: ViewInput): View {
  return process.stdout.isTTY ? createTable(input) : createLines(input)
}

function createTable({ url, fairlead, servers, say }: ViewInput): View {
  let drawnLines = 0
  const clear = () => {
    if (drawnLines > 0) process.stdout.write(`\u001B[${drawnLines}A\u001B[J`)
    drawnLines = 0
  }
  const draw = (lines: readonly string[]) => {
    clear()
    process.stdout.write(lines.map((line) => `${fit(line, process.stdout.columns)}\n`).join(''))
    drawnLines = lines.length
  }
  let before = { requests: 0, atMs: 0 }
  return {
    async run(signal) {
      await everySecond(fairlead, signal, (status) => {
        if (typeof status === 'string') return draw(['', `  fairlead does not answer: ${status}`])
        const now = { requests: totalRequests(status), atMs: Date.now() }
        const rate = (now.requests - before.requests) / ((now.atMs - before.atMs) / 1000)
        before = now
        const requestsPerSecond = Math.max(0, Math.round(rate))
        const rows = process.stdout.rows
        draw(table({ url, status, servers: servers(), rows, requestsPerSecond }))
      })
    },
    note(text) {
      clear()
      say(text)
    },
  }
}

function createLines({ fairlead, say }: ViewInput): View {
  let last = ''
  return {
    async run(signal) {
      await everySecond(fairlead, signal, (status) => {
        const text =
          typeof status === 'string'
            ? `fairlead does not answer: ${status}`
            : summary(demoEndpoints(status))
        if (text !== last) say(text)
        last = text
      })
    },
    note: say,
  }
}

async function everySecond(
  fairlead: Fairlead,
  signal: AbortSignal,
  show: (status: StatusReport | string) => void,
): Promise<void> {
  const aborted = new Promise((resolve) =>
    signal.addEventListener('abort', resolve, { once: true }),
  )
  while (!signal.aborted) {
    const status = await fairlead.status().catch(messageOf)
    if (signal.aborted) return
    show(status)
    await Promise.race([sleep(refreshMs, undefined, { ref: false }), aborted])
  }
}

const totalRequests = (status: StatusReport): number =>
  demoEndpoints(status).reduce((sum, { requests }) => sum + requests, 0)

// A line that wraps would count as two when the table is drawn again.
function fit(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line)
  return plain.length < columns ? line : plain.slice(0, columns - 1)
}
