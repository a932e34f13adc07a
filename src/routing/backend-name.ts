import { encodeName } from '../haproxy/config/names.ts'

/** HAProxy has no limit of its own here; `show stat` and the runtime commands must stay short. */
export const longestName = 200

const backendNames = new Map<string, string>()
const mostNamesKept = 50_000

/** HAProxy's name of a service's backend. */
export function backendName(service: string): string {
  let name = backendNames.get(service)
  if (name === undefined) {
    if (backendNames.size >= mostNamesKept) backendNames.clear()
    name = `svc_${encodeName(service)}`
    backendNames.set(service, name)
  }
  return name
}
