import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { inputOf, runOnce, shrink, targets } from './run.ts'
import type { Failure } from './run.ts'

/** A run that takes longer hangs. Generous: other programs may have the processor. */
const hangMs = 20_000

type Outcome = {
  readonly failure: Failure | undefined
  readonly counts: ReadonlyMap<string, number>
}

async function main(): Promise<number> {
  const options = {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    target: { type: 'string' },
    run: { type: 'string' },
  } as const
  const { values } = parseArgs({ options })
  const seed = Number(values.seed)
  const minutes = Number(values.minutes)
  if (!Number.isSafeInteger(seed) || !(minutes > 0))
    throw new Error('--seed and --minutes want numbers')
  if (values.target !== undefined) return runAgain(values.target, seed, Number(values.run ?? '0'))
  process.stdout.write(`fuzz: ${minutes} minutes, --seed ${seed}\n`)
  const { failure, counts } = await watch(seed, Date.now() + minutes * 60_000)
  for (const [name, count] of counts) process.stdout.write(`${name.padEnd(16)} ${count} runs\n`)
  if (failure !== undefined) report(failure, seed)
  return failure === undefined ? 0 : 1
}

/** One run by itself, to find the cause. */
function runAgain(name: string, seed: number, run: number): number {
  const target = targets.find((one) => one.name === name)
  if (target === undefined)
    throw new Error(`--target is one of ${targets.map((one) => one.name).join(' ')}`)
  const failure = runOnce(target, seed, run)
  if (failure === undefined) process.stdout.write('it holds\n')
  else report(shrink(target, failure), seed)
  return failure === undefined ? 0 : 1
}

/** Has another thread do the runs, so that one that hangs can be named and ended. */
async function watch(seed: number, untilMs: number): Promise<Outcome> {
  const state = new Int32Array(new SharedArrayBuffer(12))
  const worker = new Worker(new URL('worker.mjs', import.meta.url), {
    workerData: { seed, untilMs, state },
  })
  try {
    return await new Promise<Outcome>((resolve, reject) => {
      let last = { ticks: -1, atMs: Date.now() }
      const timer = setInterval(() => {
        const ticks = Atomics.load(state, 2)
        if (ticks !== last.ticks) last = { ticks, atMs: Date.now() }
        else if (Date.now() - last.atMs > hangMs)
          resolve({ failure: hanging(state, seed), counts: new Map() })
      }, 500)
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.once('exit', () => {
        clearInterval(timer)
        reject(new Error('the thread ended without a word'))
      })
    })
  } finally {
    await worker.terminate()
  }
}

function hanging(state: Int32Array, seed: number): Failure | undefined {
  const [target, run] = [targets[Atomics.load(state, 0)], Atomics.load(state, 1)]
  if (target === undefined) return undefined
  const error = `not done after ${hangMs} ms`
  return { target: target.name, run, input: inputOf(target, seed, run), error }
}

function report({ target, run, input, error }: Failure, seed: number): void {
  process.stdout.write(
    `\n${target} does not hold: npm run fuzz -- --seed ${seed} --target ${target} --run ${run}\n`,
  )
  process.stdout.write(`${JSON.stringify(input, undefined, 2)}\n${error}\n`)
}

process.exitCode = await main()
