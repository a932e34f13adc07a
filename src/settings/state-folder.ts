import { isAbsolute, join } from 'node:path'

/** What defaults are worked out from. */
export type Surroundings = {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly isRoot: boolean
  readonly homeFolder: string
  /** Whether a person reads the log as it is written. */
  readonly isTerminal: boolean
}

type Whereabouts = Omit<Surroundings, 'isTerminal'>

export const defaultName = 'default'

/** Where an instance keeps its state when nothing else was said: the system's folder for root, else the user's. */
export function defaultStateFolder(name: string, surroundings: Whereabouts): string {
  return surroundings.isRoot ? systemStateFolder(name) : userStateFolder(name, surroundings)
}

export function systemStateFolder(name: string): string {
  return join('/var/lib/fairlead', name)
}

/** A relative XDG_STATE_HOME is not valid and passed over (XDG base directory specification). */
function userStateFolder(name: string, { environment, homeFolder }: Whereabouts): string {
  const given = environment['XDG_STATE_HOME'] ?? ''
  const base = isAbsolute(given) ? given : join(homeFolder, '.local', 'state')
  return join(base, 'fairlead', name)
}

/** The admin API's unix socket within a state folder. */
export function adminSocket(stateFolder: string): string {
  return join(stateFolder, 'admin.sock')
}

/** The generations within a state folder. */
export function historyFolder(stateFolder: string): string {
  return join(stateFolder, 'history')
}
