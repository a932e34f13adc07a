import { error, ok, warning } from './facts.ts'
import type { DoctorFacts, Finding } from './facts.ts'
import { judgeDocker } from './judge-docker.ts'

const fewBytes = 100 * 1024 * 1024
const tooFewBytes = 10 * 1024 * 1024

/** The state folder, and the Docker daemons that could be watched. */
export function judgeSurroundings({ state, docker }: DoctorFacts): Finding[] {
  const { path, error: why, exists, hasDaemon } = state
  const findings: Finding[] = []
  if (why !== '') {
    findings.push(error('state', why, `chown it, or name another with --state-folder`))
  } else {
    const who = hasDaemon ? 'a fairlead daemon answers there' : 'no fairlead daemon runs there'
    findings.push(ok('state', `${path}${exists ? '' : ' will be made'}: ${who}`))
  }
  if (state.freeBytes !== undefined && state.freeBytes < fewBytes) {
    const found = `${Math.round(state.freeBytes / 1024 / 1024)} MB are free for ${path}`
    const level = state.freeBytes < tooFewBytes ? error : warning
    findings.push(level('state', found, 'make room: on a full disk a configuration cannot be kept'))
  }
  return [...findings, ...docker.flatMap(judgeDocker)]
}
