import { Lab } from '../lab.ts'
import { prepareGuide } from './guide.ts'
import { classicSteps, guideSteps, templateSteps, type Step } from './play.ts'

const parts: ReadonlyMap<string, () => readonly Step[]> = new Map([
  ['guide', guideSteps],
  ['template', templateSteps],
  ['classic', classicSteps],
])

export type MainOptions = { readonly composeLine: string; readonly parts: readonly string[] }

const longestMs = 15 * 60_000

/** Plays the guide and shows it; resolves to the exit code, when everything has been taken away. */
export async function main({ composeLine, parts: wanted }: MainOptions): Promise<0 | 1 | 2 | 130> {
  const unknown = wanted.find((part) => !parts.has(part))
  if ((composeLine !== '2' && composeLine !== '1.29') || unknown !== undefined) {
    show('wrong use; see npm run lab:guide -- --help')
    return 2
  }
  const startedMs = performance.now()
  const end = whyEnd()
  const lab = await Lab.start({ hosts: 3 })
  show(`three hosts: ${lab.hosts.map(({ name, address }) => `${name} ${address}`).join(', ')}`)
  try {
    await Promise.race([play(lab, composeLine, wanted), end.promise])
    show(`\nall as the guide says, in ${Math.round((performance.now() - startedMs) / 1000)} s`)
    return 0
  } catch (error) {
    if (error instanceof Interrupted) return 130
    show(`\nfailed: ${error instanceof Error ? error.message : String(error)}`)
    return 1
  } finally {
    end.release()
    await lab.close()
  }
}

async function play(lab: Lab, composeLine: '2' | '1.29', wanted: readonly string[]): Promise<void> {
  const guide = await prepareGuide(lab, composeLine, show)
  for (const part of wanted) {
    for (const { name, play: playStep } of parts.get(part)?.() ?? []) {
      show(`\n== ${name}`)
      const startedMs = performance.now()
      const outcome = await playStep(guide)
      show(`-> ${outcome} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`)
    }
  }
}

class Interrupted extends Error {}

/** Rejects at Ctrl-C and when the time is over. */
function whyEnd(): { readonly promise: Promise<never>; release(): void } {
  let release = (): void => {}
  const promise = new Promise<never>((_, reject) => {
    const interrupted = (): void => reject(new Interrupted('interrupted'))
    const timer = setTimeout(() => reject(new Error('it takes too long')), longestMs)
    const signals = ['SIGINT', 'SIGTERM'] as const
    for (const signal of signals) process.on(signal, interrupted)
    release = () => {
      clearTimeout(timer)
      for (const signal of signals) process.off(signal, interrupted)
    }
  })
  // It may reject while the hosts are still being started or removed.
  promise.catch(() => {})
  return { promise, release: () => release() }
}

function show(text: string): void {
  process.stdout.write(`${text}\n`)
}
