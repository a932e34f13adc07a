import type { ConfigText } from '../../model/desired-state.ts'
import { layOut } from './layout.ts'
import type { PlacedSection } from './layout.ts'
import { settingsNamed } from './settings.ts'
import { lastSetting } from './inherited.ts'

/** The longest pause before a request is tried again at the same server (configuration.txt §4.2, `retries`). */
const pauseMs = 1_000
const marginMs = 200
const defaultRetries = 3
/** Where the text does not say it in a way that is understood here. */
const longestConnectMs = 10_000

/**
 * How long after a server of a backend was put into maintenance requests may still wait to be tried
 * at it again, none of them seen as a connection. 0 where each further try goes to another server
 * (`option redispatch 1`), and where nothing is known of the text.
 *
 * Throws ConfigSyntaxError.
 */
export function retryingMs(text: ConfigText, backend: string): number {
  const { sections } = layOut(text)
  const section = sections.get(`backend ${backend}`) ?? sections.get(`listen ${backend}`)
  if (section === undefined || redispatchOf(section) === '1') return 0
  const given = lastSetting(section, 'retries')?.[0]
  const retries = given !== undefined && /^\d+$/.test(given) ? Number(given) : defaultRetries
  return retries === 0 ? 0 : retries * (connectMs(section) + pauseMs) + marginMs
}

/** After how many tries another server is chosen; undefined: never. */
function redispatchOf(section: PlacedSection): string | undefined {
  const own = [...settingsNamed(section, 'option'), ...settingsNamed(section, 'no')]
  const [last] = own
    .filter(({ words }) => words.includes('redispatch'))
    .toSorted((a, b) => b.number - a.number)
  if (last !== undefined)
    return last.words[0] === 'redispatch' ? (last.words[1] ?? '-1') : undefined
  return section.defaults === undefined ? undefined : redispatchOf(section.defaults)
}

function connectMs(section: PlacedSection): number {
  for (let each: PlacedSection | undefined = section; each !== undefined; each = each.defaults) {
    const timeouts = settingsNamed(each, 'timeout').filter(({ words }) => words[0] === 'connect')
    const [, number, unit = 'ms'] =
      /^(\d+)(us|ms|s|m)?$/.exec(timeouts.at(-1)?.words[1] ?? '') ?? []
    if (number === undefined) continue
    return Math.min(longestConnectMs, Number(number) * (unitMs[unit] ?? 0))
  }
  return longestConnectMs
}

const unitMs: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, m: 60_000 }
