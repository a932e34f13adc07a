// `npm run drill [-- NAME… --list --json --write --seconds]`, after scripts/drill.mjs has set everything up.

import { parseArgs } from 'node:util'
import type { Second } from './account.ts'
import { drills } from './faults/all.ts'
import type { Drill, Outcome } from './drill.ts'
import { runDrill } from './run-drill.ts'
import type { DrillStage } from './stage.ts'
import { publish } from './table.ts'

const options = {
  list: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  seconds: { type: 'boolean', default: false },
} as const
const { positionals, values } = parseArgs({ options, allowPositionals: true })
const strange = positionals.find((name) => !drills.some((drill) => drill.name === name))
if (strange !== undefined) {
  console.error(
    `There is no drill ${strange}; there are ${drills.map(({ name }) => name).join(', ')}.`,
  )
  process.exit(2)
}
if (values.list) {
  for (const { name, title } of drills) console.log(`${name.padEnd(24)} ${title}`)
  process.exit(0)
}
const chosen =
  positionals.length === 0 ? drills : drills.filter(({ name }) => positionals.includes(name))
let stage: DrillStage | undefined
for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
  process.once(signal, () => {
    say(`${signal}: cleaning up`)
    // A lab that is not open yet the next start removes.
    void (stage?.close() ?? Promise.resolve()).finally(() => process.exit(code))
  })
}
const outcomes: Outcome[] = []
const broken: string[] = []
// With --json the standard output is for the machine.
const say = (text: string): void => console.error(text)
for (const drill of chosen) await runOne(drill)
const order = drills.map(({ title }) => title)
publish(outcomes, order, values, say)
const missed = outcomes.filter((outcome) => outcome.missed.length > 0)
const names = [...missed.map(({ name }) => name), ...broken]
if (names.length > 0) say(`FAILED: ${names.join(', ')}`)
process.exit(names.length > 0 ? 1 : 0)

async function runOne(drill: Drill): Promise<void> {
  const beganMs = performance.now()
  const line = (text: string): void =>
    say(`  [${((performance.now() - beganMs) / 1000).toFixed(1).padStart(5)} s] ${text}`)
  say(`\n== ${drill.name}: ${drill.title}`)
  try {
    const outcome = await runDrill(drill, { say: line, opened: (opened) => void (stage = opened) })
    outcomes.push(outcome)
    const { gets, posts, quietSeconds, perSecond } = outcome
    if (values.seconds) for (const second of perSecond) line(perServer(second))
    for (const [method, { sent, failed, late, slowestMs, why }] of Object.entries({
      GET: gets,
      POST: posts,
    })) {
      const words = why.map(([text, count]) => `${count} × ${text}`).join(', ')
      line(
        `${method}: ${sent} sent, ${failed} failed, ${late} late, slowest ${Math.round(slowestMs)} ms ${words}`,
      )
    }
    if (quietSeconds !== undefined)
      line(`the dead were chosen last after ${quietSeconds.toFixed(2)} s`)
    for (const text of outcome.missed) line(`MISSED ${text}`)
    line(outcome.missed.length === 0 ? 'passed' : 'FAILED')
  } catch (error) {
    broken.push(drill.name)
    say(String(error))
  }
}

function perServer([second, counts]: Second): string {
  const words = Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `${second} s: ${words.map(([server, count]) => `${server} ${count}`).join(', ')}`
}
