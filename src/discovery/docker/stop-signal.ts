import type { DockerEvent } from './docker-types.ts'

import { constants } from 'node:os'

/** Linux numbers of the first and the last real-time signal that programs may use. */
const rtmin = 34
const rtmax = 64

/**
 * The number of a container's stop signal as `docker inspect` gives it: `SIGTERM`, `QUIT`, `15`,
 * `SIGRTMIN+3`; empty means SIGTERM. undefined when it is no signal.
 */
export function signalNumber(name: string): number | undefined {
  const text = name.trim().toUpperCase().replace(/^SIG/, '')
  if (text === '') return constants.signals.SIGTERM
  if (/^\d+$/.test(text)) return Number(text)
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(text)
  if (realTime !== null) {
    const offset = Number(realTime[3] ?? 0) * (realTime[2] === '-' ? -1 : 1)
    return (realTime[1] === 'MIN' ? rtmin : rtmax) + offset
  }
  return new Map<string, number>(Object.entries(constants.signals)).get(`SIG${text}`)
}

/** `SIGTERM` for 15; `signal 34` for one without a name. */
export function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, each]) => each === number)
  return found?.[0] ?? `signal ${number}`
}

/** What was sent, by a `kill` event: Docker gives the number. NaN, which is no container's stop signal, where there is none. */
export function signalOf(event: DockerEvent): number {
  const given = event.attributes['signal']
  return (given === undefined ? undefined : signalNumber(given)) ?? Number.NaN
}
