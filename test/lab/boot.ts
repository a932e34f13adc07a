import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { environment } from './command.ts'
import { childrenOf, spawnInGroups, type Machine } from './host-process.ts'
import { hostFolder, hostNamespace, type Place } from './place.ts'

const init = fileURLToPath(new URL('host-init.sh', import.meta.url))

/**
 * Starts PID 1 of a host, whose network and control groups are there, and waits until it is set up.
 * `unshare`, its parent, ends when the whole process namespace has; neither ends with this process.
 */
export async function boot(
  place: Place,
  number: number,
  name: string,
): Promise<{ readonly machine: Machine; readonly unshare: ChildProcess }> {
  const network = `--net=/run/netns/${hostNamespace(place, number)}`
  const spaces = ['-m', '-u', '-p', '--fork', '--mount-proc', '--kill-child=KILL']
  const first = ['/bin/bash', init, name, hostFolder(place, number)]
  const unshare = spawnInGroups(
    place,
    number,
    ['nsenter', network, 'unshare', ...spaces, ...first],
    {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    },
  )
  await untilReady(unshare, name)
  unshare.unref()
  unshare.stdout?.destroy()
  unshare.stderr?.destroy()
  const initPid = childrenOf(unshare.pid ?? 0)[0]
  if (initPid === undefined) throw new Error(`${name} ended at once`)
  return { machine: { place, number, initPid }, unshare }
}

/** Waits for what host-init.sh says at its end. */
function untilReady(child: ChildProcess, name: string): Promise<void> {
  let said = ''
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}: ${said}`)))
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('ready\n')) resolve()
      })
    }
  })
}
