import { must } from './command.ts'
import { bridgePool, hostAddress, type Place } from './place.ts'

/** What a host does not exchange with others, by their numbers. */
export type Cuts = {
  /** Nothing at all, containers' addresses included. */
  readonly everything: ReadonlySet<number>
  /** No overlay traffic: VXLAN, UDP port 4789. Docker's control, APIs and published ports go on. */
  readonly overlay: ReadonlySet<number>
}

/**
 * Makes a host drop these packets and no others, in one step. The chains are the lab's own, in the
 * table that Docker does not use; new ones are made where a boot has taken them away.
 */
export async function setCuts(place: Place, initPid: number, cuts: Cuts): Promise<void> {
  const inside = ['-t', String(initPid), '-m', '-n', '--', 'iptables-restore', '-w', '--noflush']
  await must('nsenter', inside, { input: rules(place, cuts) })
}

function rules(place: Place, { everything, overlay }: Cuts): string {
  const parted = [...everything].flatMap((other) =>
    [hostAddress(place, other), bridgePool(place, other)].flatMap((address) => [
      `-A LAB-IN -s ${address} -j DROP`,
      `-A LAB-OUT -d ${address} -j DROP`,
    ]),
  )
  const cut = [...overlay].flatMap((other) => {
    const udp = '-p udp -m udp --dport 4789 -j DROP'
    const address = hostAddress(place, other)
    return [`-A LAB-IN -s ${address} ${udp}`, `-A LAB-OUT -d ${address} ${udp}`]
  })
  // The own chains of the table are emptied, and jumped to from the built-in ones, which
  // nothing else of the host uses.
  const jumps = [
    '-F PREROUTING',
    '-F POSTROUTING',
    '-A PREROUTING -j LAB-IN',
    '-A POSTROUTING -j LAB-OUT',
  ]
  const chains = [':LAB-IN - [0:0]', ':LAB-OUT - [0:0]']
  return ['*mangle', ...chains, ...jumps, ...parted, ...cut, 'COMMIT', ''].join('\n')
}
