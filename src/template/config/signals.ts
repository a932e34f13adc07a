import { constants } from 'node:os'

/** A signal by its name, in any letter case, with or without SIG; undefined: there is no such one. */
export function parseSignal(written: string): NodeJS.Signals | undefined {
  const upper = written.toUpperCase()
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`
  return isSignal(name) ? name : undefined
}

function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(constants.signals, name)
}
