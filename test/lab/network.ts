import { existsSync, readdirSync } from 'node:fs'
import { attempt, must } from './command.ts'
import {
  hostAddress,
  hostNamespace,
  macAddress,
  rootLink,
  runnerAddress,
  switchNamespace,
  type Place,
} from './place.ts'

const namespaces = '/run/netns'
const links = '/sys/class/net'

/**
 * Makes the switch, and the root namespace's cable to it. The switch has a namespace of its own: in
 * the root one Docker's FORWARD rules would filter a bridge.
 */
export async function makeSwitch(place: Place): Promise<void> {
  const network = switchNamespace(place)
  await must('ip', ['netns', 'add', network])
  await batch(network, ['link set lo up', 'link add br0 type bridge', 'link set br0 up'])
  const link = rootLink(place)
  await batch(undefined, [
    `link add ${link} type veth peer name root netns ${network}`,
    `addr add ${runnerAddress(place)}/24 dev ${link}`,
    `link set ${link} up`,
  ])
  await batch(network, ['link set root master br0 up'])
}

/** Makes a host's network namespace with a cable to the switch. */
export async function makeHostNetwork(place: Place, number: number): Promise<void> {
  const network = hostNamespace(place, number)
  const central = switchNamespace(place)
  await must('ip', ['netns', 'add', network])
  const mac = macAddress(place, number)
  await batch(network, [
    `link add eth0 address ${mac} type veth peer name ${port(number)} netns ${central}`,
    'link set lo up',
    `addr add ${hostAddress(place, number)}/24 broadcast + dev eth0`,
    'link set eth0 up',
  ])
  await batch(central, [`link set ${port(number)} master br0 up`])
}

/** Takes a host's network away with all that Docker left in it; the switch's end goes too. */
export async function removeHostNetwork(place: Place, number: number): Promise<void> {
  await batch(switchNamespace(place), [`link del ${port(number)}`])
  await must('ip', ['netns', 'del', hostNamespace(place, number)])
}

/** Pulls or plugs the host's cable at the switch; the host sees its link go down and up. */
export async function setCable(place: Place, number: number, state: 'up' | 'down'): Promise<void> {
  await batch(switchNamespace(place), [`link set ${port(number)} ${state}`])
}

/** Removes what is left of a lab's network; nothing of it may still run. */
export async function removeNetwork(place: Place): Promise<void> {
  for (const name of namespacesOf(place)) await must('ip', ['netns', 'del', name])
  // The link's end in the switch may have taken it along.
  if (linksOf(place).length > 0) await attempt('ip', ['link', 'del', rootLink(place)])
}

export const namespacesOf = ({ prefix }: Place): readonly string[] =>
  existsSync(namespaces)
    ? readdirSync(namespaces).filter((name) => name.startsWith(`${prefix}-`))
    : []

export const linksOf = ({ prefix }: Place): readonly string[] =>
  readdirSync(links).filter((name) => name.startsWith(`${prefix}-`))

const port = (number: number): string => `port${number}`

/** Several ip(8) commands by one process, in a namespace or here. */
async function batch(network: string | undefined, lines: readonly string[]): Promise<void> {
  const where = network === undefined ? [] : ['-n', network]
  await must('ip', [...where, '-batch', '-'], { input: lines.join('\n') })
}
