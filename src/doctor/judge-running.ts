import type { Observed } from '../haproxy/process/observe.ts'
import { error, note, ok, warning } from './facts.ts'
import type { DoctorFacts, Finding } from './facts.ts'

/** From here on old workers are more than a reload or two leaves behind. */
const manyOldWorkers = 5
const mostlyFull = 0.8

/** What the running HAProxy says of itself. */
export function judgeRunning(observed: Observed, facts: DoctorFacts): Finding[] {
  return [
    ...judgeMaster(observed, facts),
    ...judgeLimits(observed, facts),
    ...judgeAdoption(facts),
    ...judgeCapabilities(facts),
  ]
}

function judgeMaster({ master }: Observed, { local }: DoctorFacts): Finding[] {
  if (master === undefined) {
    const isAlone = local !== undefined && local.process.pids.length < 2
    if (!isAlone) return []
    const found = 'HAProxy runs without a master: a reload must start a second one with -sf'
    return [warning('reload', found, 'start it with -W (-Ws under systemd) and -S PATH')]
  }
  const { failed, oldWorkers } = master
  const findings: Finding[] = []
  if (failed > 0) {
    const found = `the last ${failed === 1 ? 'reload' : `${failed} reloads`} failed: the configuration before goes on`
    const change = 'haproxy -c -f FILE says why; mend it and reload'
    findings.push(warning('reload', found, change))
  } else {
    findings.push(ok('reload', 'HAProxy runs with a master, which reloads it without a gap'))
  }
  if (oldWorkers.length > 0) {
    const found = `${oldWorkers.length} old worker${oldWorkers.length === 1 ? '' : 's'} still serve connections from before a reload`
    const change = 'in global: hard-stop-after 10m, and mworker-max-reloads 10'
    findings.push((oldWorkers.length < manyOldWorkers ? note : warning)('reload', found, change))
  }
  return findings
}

function judgeLimits({ worker }: Observed, { local, machine }: DoctorFacts): Finding[] {
  const number = (name: string): number => Number(worker.fields.get(name) ?? 0)
  const [most, now, files] = [number('Maxconn'), number('CurrConns'), number('Ulimit-n')]
  const threads = number('Nbthread')
  const found = `${now} of at most ${most} connections, ${files} file descriptors, ${threads} threads`
  const findings: Finding[] = []
  if (most > 0 && now >= most * mostlyFull) {
    findings.push(
      warning(
        'limits',
        `${found}: nearly full`,
        'raise maxconn, and the limit of file descriptors',
      ),
    )
  } else {
    findings.push(ok('limits', found))
  }
  const reached = number('MaxconnReached')
  if (reached > 0) {
    const times = `${reached} time${reached === 1 ? '' : 's'}`
    findings.push(
      warning('limits', `maxconn was reached ${times} since the start`, 'raise maxconn'),
    )
  }
  const hard = local?.process.hardFiles
  if (hard !== undefined && files > hard) {
    const text = `the worker has ${files} file descriptors, and a start now would get ${hard}`
    findings.push(
      error(
        'limits',
        text,
        'raise LimitNOFILE of its unit, or lower maxconn: else its next start fails',
      ),
    )
  }
  if (local !== undefined && threads > machine.cores) {
    const text = `${threads} threads on ${machine.cores} cores`
    findings.push(note('limits', text, 'leave nbthread away: HAProxy counts the cores itself'))
  }
  return findings
}

function judgeAdoption({ adoption, text }: DoctorFacts): Finding[] {
  if (adoption === undefined) {
    const found = 'it is not known which text HAProxy runs: no configuration file was found'
    return [note('adoption', found, 'name it with --config PATH')]
  }
  if (adoption.isRecorded) {
    return [ok('adoption', 'HAProxy runs the text on disk, by the record in the state folder')]
  }
  const { differences } = adoption
  if (differences.length === 0) {
    const found = `the servers that HAProxy has are those of ${text?.paths.join(', ')}`
    return [ok('adoption', `${found}: its state can be taken over`)]
  }
  const shown = differences.slice(0, 3).join('; ')
  const more = differences.length > 3 ? `; and ${differences.length - 3} more` : ''
  const found = `HAProxy runs something else than the text on disk: ${shown}${more}`
  return [
    warning(
      'adoption',
      found,
      'nothing: the first change is one reload; look at it with fairlead plan',
    ),
  ]
}

function judgeCapabilities({ capabilities }: DoctorFacts): Finding[] {
  if (capabilities === undefined) return []
  const { canAddServerCookie, canAddBackend, hasSynchronousReload } = capabilities
  const can = [
    'servers',
    ...(canAddServerCookie ? ['servers with cookies'] : []),
    ...(canAddBackend ? ['whole backends'] : []),
    'map entries',
  ]
  const cannot = [
    ...(canAddServerCookie ? [] : ['servers with cookies (3.0)']),
    ...(canAddBackend ? [] : ['whole backends (3.4)']),
  ]
  const without = cannot.length === 0 ? '' : `; with a reload: ${cannot.join(', ')}`
  const told = hasSynchronousReload
    ? ''
    : '; why a reload failed stands in its own log (told from 3.0)'
  const found = `comes and goes without a reload: ${can.join(', ')}${without}${told}`
  return [cannot.length === 0 ? ok('abilities', found) : note('abilities', found)]
}
