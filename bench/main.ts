// `npm run bench [-- NAME… [--registry consul]]`, after scripts/bench.mjs has set everything up.

import { parseArgs } from 'node:util'
import { apply } from './apply.ts'
import { cluster } from './cluster.ts'
import { consul } from './consul.ts'
import { converge, convergeConsul } from './converge.ts'
import { footprint } from './footprint.ts'
import { hitless } from './hitless.ts'
import { memory } from './memory.ts'
import { publish } from './report.ts'
import type { Outcome } from './report.ts'
import { scale } from './scale.ts'
import { openStage } from './stage/stage.ts'
import type { Stage } from './stage/stage.ts'
import { template } from './template.ts'

/** `results`: its file in bench/results, by default the bench's name. */
type Bench = { readonly results?: string; readonly run: (stage: Stage) => Promise<Outcome> }

const benches: Readonly<Record<string, Bench>> = {
  converge: { run: converge },
  hitless: { run: hitless },
  apply: { run: apply },
  scale: { run: scale },
  consul: { run: consul },
  template: { run: template },
  footprint: { run: footprint },
  memory: { run: memory },
  cluster: { run: cluster },
}

/** Those that run where none is named: the cluster wants root and three emulated hosts. */
const standard = Object.keys(benches).filter((name) => name !== 'cluster')

const withConsul = { ...benches, converge: { results: 'converge-consul', run: convergeConsul } }

const { names, registry } = parse()
const chosen: Readonly<Record<string, Bench>> = registry === 'consul' ? withConsul : benches
const failed: string[] = []
for (const name of names) {
  const bench = chosen[name]
  if (bench === undefined || !(await runBench(name, bench))) failed.push(name)
}
if (failed.length > 0) console.log(`\nover budget: ${failed.join(', ')}`)
process.exit(failed.length > 0 ? 1 : 0)

/** What is to be run; anything else ends the process with exit code 2. */
function parse(): { readonly names: readonly string[]; readonly registry: string } {
  const options = { registry: { type: 'string', default: 'embedded' } } as const
  const { positionals, values } = parseArgs({ options, allowPositionals: true })
  const strange = positionals.find((name) => !(name in benches))
  if (strange !== undefined) {
    return usage(`There is no bench ${strange}; there are ${Object.keys(benches).join(', ')}.`)
  }
  if (!['embedded', 'consul'].includes(values.registry)) {
    return usage(`--registry takes embedded or consul, not ${values.registry}.`)
  }
  const names = positionals.length > 0 ? positionals : standard
  if (values.registry === 'consul' && !names.includes('converge')) {
    return usage('--registry is for the bench converge.')
  }
  return { names, registry: values.registry }
}

function usage(message: string): never {
  console.error(message)
  process.exit(2)
}

async function runBench(name: string, { results = name, run }: Bench): Promise<boolean> {
  console.log(`\n== bench:${name} ${'='.repeat(70 - name.length)}`)
  const stage = await openStage()
  try {
    return publish(results, await run(stage))
  } catch (error) {
    console.error(error)
    return false
  } finally {
    await stage.close()
  }
}
