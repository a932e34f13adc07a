// `npm run bench [-- NAME…]`, after scripts/bench.mjs has set everything up.

import { converge } from './converge.ts'
import { footprint } from './footprint.ts'
import { hitless } from './hitless.ts'
import { publish } from './report.ts'
import type { Outcome } from './report.ts'
import { scale } from './scale.ts'
import { openStage } from './stage/stage.ts'
import type { Stage } from './stage/stage.ts'

const benches: Readonly<Record<string, (stage: Stage) => Promise<Outcome>>> = {
  converge,
  hitless,
  scale,
  footprint,
}

const wanted = process.argv.slice(2)
const names = wanted.length > 0 ? wanted : Object.keys(benches)
const failed: string[] = []
for (const name of names) {
  const bench = benches[name]
  if (bench === undefined) {
    console.error(`There is no bench ${name}; there are ${Object.keys(benches).join(', ')}.`)
    process.exit(2)
  }
  if (!(await runBench(name, bench))) failed.push(name)
}
if (failed.length > 0) console.log(`\nover budget: ${failed.join(', ')}`)
process.exit(failed.length > 0 ? 1 : 0)

async function runBench(name: string, bench: (stage: Stage) => Promise<Outcome>): Promise<boolean> {
  console.log(`\n== bench:${name} ${'='.repeat(70 - name.length)}`)
  const stage = await openStage()
  try {
    return publish(name, await bench(stage))
  } catch (error) {
    console.error(error)
    return false
  } finally {
    await stage.close()
  }
}
