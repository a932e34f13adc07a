import type { AdminState } from '../../model/desired-state.ts'
import type { Capabilities } from '../capabilities.ts'
import { hasUnknownPart, showWords } from '../config/split-words.ts'
import { escapeWord, unsendable } from '../runtime/words.ts'
import { parseServerAddress, printServerAddress } from './address.ts'
import { canAddWith } from './server-keywords.ts'
import type { ServerLine, ServerParams } from './server-line.ts'

/** The commands that do it, or why none can. */
export type Commands = { readonly commands: readonly string[] } | { readonly refusal: string }

/**
 * Adds a server and brings it into its admin state. HAProxy starts an added server in maintenance
 * with its checks off (management.txt §9.3, `add server`), and does not look at `default-server`,
 * so `params` must be flattened. `cookieKey`: of the backend's dynamic cookies, undefined without. The server is UP as soon as it is ready: whoever wants that has
 * seen it accept a connection.
 */
export function addServerCommands(
  backend: string,
  server: ServerLine,
  params: ServerParams,
  admin: AdminState,
  capabilities: Capabilities,
  cookieKey: string | undefined,
): Commands {
  const refusal = cannotAdd(server, params, capabilities)
  if (refusal !== undefined) return { refusal }
  const address = parseServerAddress(server.address)
  if (address === undefined)
    return { refusal: `its address ${showWords([server.address])} is not an IP address` }
  const words = ['add', 'server', `${backend}/${server.name}`, printServerAddress(address)]
  for (const [keyword, values] of params.byKeyword) words.push(keyword, ...values)
  if (capabilities.needsExplicitPool) {
    if (!params.byKeyword.has('pool-max-conn')) words.push('pool-max-conn', '-1')
    if (!params.byKeyword.has('pool-purge-delay')) words.push('pool-purge-delay', '5s')
  }
  const commands = [words.map(escapeWord).join(' ')]
  if (cookieKey !== undefined && capabilities.needsCookieKeyAgain) {
    // All cookies of the backend are made anew, to what they were, before the server gets a request.
    commands.push(`set dynamic-cookie-key backend ${backend} ${escapeWord(cookieKey)}`)
  }
  const unsent = commands.map(unsendable).find((each) => each !== undefined)
  const problem = words.length > 64 ? 'it has more than 64 words' : unsent
  if (problem !== undefined) return { refusal: `its command cannot be sent: ${problem}` }
  if (params.byKeyword.has('check')) commands.push(`enable health ${backend}/${server.name}`)
  if (params.byKeyword.has('agent-check')) commands.push(`enable agent ${backend}/${server.name}`)
  if (admin !== 'maint') commands.push(setStateCommand(backend, server.name, admin))
  return { commands }
}

export function setStateCommand(backend: string, server: string, admin: AdminState): string {
  return `set server ${backend}/${server} state ${admin}`
}

/**
 * Why HAProxy does not delete a server before its next reload; undefined: it does. It keeps those
 * that other lines refer to, and those whose address its resolvers look after.
 */
export function cannotDelete(
  params: ServerParams | undefined,
  isReferenced: boolean,
): string | undefined {
  if (isReferenced) return 'other lines refer to it, so that HAProxy keeps it until a reload'
  if (params?.byKeyword.has('resolvers') !== true) return undefined
  return 'resolvers look after its address, so that HAProxy keeps it until a reload'
}

function cannotAdd(
  server: ServerLine,
  params: ServerParams,
  capabilities: Capabilities,
): string | undefined {
  if (params.unknown !== undefined && !hasUnknownPart(params.unknown)) {
    return `it has the parameter ${params.unknown}, which fairlead does not know`
  }
  if ([server.address, params.unknown ?? '', ...server.params].some(hasUnknownPart)) {
    return "it depends on HAProxy's environment"
  }
  for (const [keyword, values] of params.byKeyword) {
    if (values.some(hasUnknownPart)) return "it depends on HAProxy's environment"
    if (values.includes('')) return `its parameter ${keyword} is empty`
    if (keyword === 'cookie' && capabilities.canAddServerCookie) continue
    if (!canAddWith(keyword, capabilities.version)) {
      const instead = keyword === 'cookie' ? '; with dynamic cookies it needs none' : ''
      return `${keyword} cannot be given to a server at runtime by this HAProxy (${capabilities.version})${instead}`
    }
  }
  return undefined
}
