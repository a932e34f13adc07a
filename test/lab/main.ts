import type { Host } from './host.ts'
import { Lab } from './lab.ts'

export type LabCommand = {
  readonly hosts: number
  /** Else plain Docker hosts. */
  readonly isSwarm: boolean
  readonly dockerFlags: readonly string[]
}

const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }
type Signal = keyof typeof exitCodes

/** Starts a lab with Consul and the demo's image, says where it is, and ends it at a signal. */
export async function main({ hosts, isSwarm, dockerFlags }: LabCommand): Promise<void> {
  // Asked for from the first moment on: what is half started is removed, too.
  const end = new Promise<Signal>((resolve) => {
    for (const signal of Object.keys(exitCodes) as Signal[]) {
      process.once(signal, () => resolve(signal))
    }
  })
  // Nothing else keeps this process alive: a lab's hosts are let go of.
  const alive = setInterval(() => {}, 60_000)
  const startedAtMs = performance.now()
  const lab = await Lab.start({ hosts, dockerFlags })
  try {
    const ready = start(lab, isSwarm).then((image) => {
      const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1)
      console.log(describe(lab, image))
      console.log(`\nReady after ${seconds} s. Ctrl-C ends it.`)
    })
    // It may be ended before it is ready; what fails by that then is of no interest.
    const signal = await Promise.race([end, ready.then(() => end)])
    ready.catch(() => {})
    process.exitCode = exitCodes[signal]
  } finally {
    await lab.close()
    clearInterval(alive)
  }
}

async function start(lab: Lab, isSwarm: boolean): Promise<string> {
  const [, image] = await Promise.all([
    isSwarm ? lab.swarm() : undefined,
    lab.importDemo('demo'),
    lab.consul(),
  ])
  return image
}

function describe(lab: Lab, image: string): string {
  return [
    `The demo's image is \`demo\` on every host (${image}).`,
    `This machine is ${lab.runnerAddress} to them. Logs: ${lab.folder}/hostN/*.log`,
    ...lab.hosts.flatMap(describeHost),
  ].join('\n')
}

const describeHost = (host: Host): readonly string[] => [
  '',
  `${host.name}  ${host.address}`,
  `  Docker  export DOCKER_HOST=${host.dockerUrl}   (or unix://${host.dockerSocket})`,
  `  Consul  export CONSUL_HTTP_ADDR=http://${host.consulAddress}`,
  `  shell   ${host.shellCommand}`,
]
