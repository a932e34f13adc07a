import { isAtLeast } from '../haproxy/capabilities.ts'
import { answering, error, note, ok, warning } from './facts.ts'
import type { DoctorFacts, Finding } from './facts.ts'

/** Branches that surely get no fixes any more. */
const ended: ReadonlySet<string> = new Set(['2.7', '2.9'])

/** Programs found, and whether what runs is what is installed. */
export function judgeProgram(facts: DoctorFacts): Finding[] {
  const { programs, local } = facts
  const running = answering(facts)?.observed.worker.version
  if (programs.length === 0 && running === undefined) {
    const change = 'apt-get install haproxy, or name one with --haproxy PATH'
    return [error('program', 'no haproxy program was found', change)]
  }
  const findings = programs.map(({ path, version, error: why }) =>
    version === undefined || why !== ''
      ? error('program', why, `install HAProxy 2.6 or newer in place of ${path}`)
      : ok('program', `${path} is HAProxy ${version}`),
  )
  if (running === undefined) return findings
  findings.push(...judgeVersion(running))
  const installed = local?.program?.version
  if (installed !== undefined && installed !== running) {
    const found = `HAProxy ${running} is running, and ${installed} is installed as ${local?.program?.path}`
    findings.push(
      warning('program', found, 'reload once: the next reload starts the installed one'),
    )
  } else if (local?.isReplaced === true) {
    const found = 'the file that the running HAProxy was started from has been replaced or removed'
    findings.push(note('program', found, 'the next reload starts what is there now'))
  }
  if (local === undefined) {
    const found =
      'the running HAProxy is in a container or on another host: its program is not here'
    findings.push(note('program', found, 'nothing: HAProxy itself checks a text at each reload'))
  }
  return findings
}

function judgeVersion(version: string): Finding[] {
  if (!isAtLeast(version, 2, 6)) {
    const found = `HAProxy ${version} is running, and fairlead needs 2.6`
    return [error('program', found, 'install a newer haproxy')]
  }
  const branch = version.split('.').slice(0, 2).join('.')
  if (!ended.has(branch)) return [ok('program', `HAProxy ${version} is running`)]
  const found = `HAProxy ${version} is running, and branch ${branch} gets no fixes any more`
  return [warning('program', found, 'install a branch with long support: an even second number')]
}
