import type { DockerProviderOptions } from '../discovery/docker/provider.ts'
import type { Candidate } from '../model/candidate.ts'
import { endpointToRegistration } from '../registration/endpoint-to-registration.ts'
import type { RegistrationOptions } from '../registration/endpoint-to-registration.ts'
import type { RegistrarEvent } from '../registration/registrar-events.ts'
import { ignoredStep, lineStep } from './map-container.ts'

/** Writes a line of the log. */
export type Log = (line: string) => void

/** A container's id as log lines have it. */
export function shortId(id: string): string {
  return id.slice(0, 12)
}

/** A list shows that a container has gone, and no event had told so. */
export function staleLine(key: string): string {
  return `stale: Removing service ${key} because it does not exist`
}

/** What is said of a container when it is first seen: what of it is not registered, and why. */
export function linesOfMapping({ key, decisions }: Candidate): string[] {
  return decisions.flatMap(({ step, what }) => {
    if (step === ignoredStep) return [`ignored: ${shortId(key)} ${what}`]
    return step === lineStep ? [what] : []
  })
}

/** What a container asks for and the registry cannot have; each once, whatever the ports. */
export function linesOfProblems(candidate: Candidate, options: RegistrationOptions): string[] {
  const lines = candidate.endpoints.flatMap((endpoint) =>
    endpointToRegistration(endpoint, candidate, options).problems.map(
      ({ where, what }) => `note: ${shortId(candidate.key)} ${where} ${what}`,
    ),
  )
  return [...new Set(lines)]
}

/** Registrator's line for what was done, and lines of our own for what it does not do. */
export function linesOfEvent(event: RegistrarEvent): string[] {
  switch (event.kind) {
    case 'added':
    case 'unchanged':
      return [`added: ${shortId(event.holder.key)} ${event.registration.ID}`]
    case 'refreshed':
      return [`refreshed: ${shortId(event.holder.key)} ${event.registration.ID}`]
    case 'failed':
      return [failedLine(event)]
    case 'removed':
      return event.holder === undefined
        ? [`${event.id} removed`]
        : [`removed: ${shortId(event.holder.key)} ${event.id}`]
    case 'deregister-failed':
      return [`deregister failed: ${event.id} ${event.error}`]
    case 'kept':
      return [`kept: ${shortId(event.holder.key)} ${event.id} (${event.why})`]
    case 'stale':
      return [staleLine(event.holder.key)]
    case 'dangling':
      return [`dangling: ${event.id}`]
    case 'maintenance':
      return [`maintenance: ${shortId(event.holder.key)} ${event.id} ${event.reason || 'ended'}`]
    case 'health':
      return [`health: ${shortId(event.holder.key)} ${event.id} ${event.status}`]
    case 'unreachable':
      return event.isFirst ? [`registry does not answer, trying again: ${event.error}`] : []
    case 'reachable':
      return ['registry answers again']
    case 'list-refused':
      return [`cleanup failed: ${event.error}`]
    case 'foreign':
      return [
        `ignored: ${shortId(event.holder.key)} ${event.theirs} has the address of ${event.id}`,
      ]
    case 'foreign-gone':
      break
  }
  return []
}

function failedLine(event: Extract<RegistrarEvent, { kind: 'failed' }>): string {
  const { action, registration, error, isFirst } = event
  if (action !== 'register') return `${action} failed: ${registration.ID} ${error}`
  const how = isFirst ? 'register failed' : 'sync register failed'
  return `${how}: ${JSON.stringify(registration)} ${error}`
}

/** Says when Docker is lost and is back, and which container it does not tell of; each once. */
export function dockerReports(
  log: Log,
): Required<Pick<DockerProviderOptions, 'onConnection' | 'onTrouble'>> {
  let isLost = false
  let trouble = ''
  return {
    onConnection: (error) => {
      if (error !== '' && !isLost) log(`Docker does not answer, trying again: ${error}`)
      if (error === '' && isLost) log('Docker answers again')
      isLost = error !== ''
    },
    onTrouble: (message) => {
      if (message !== '' && message !== trouble) log(`unable to inspect container: ${message}`)
      trouble = message
    },
  }
}

/** A line as Go's log package writes it: local time, to the second. */
export function stamped(line: string, time: Date): string {
  const two = (value: number): string => `${value}`.padStart(2, '0')
  const day = `${time.getFullYear()}/${two(time.getMonth() + 1)}/${two(time.getDate())}`
  const hour = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
  return `${day} ${hour} ${line}\n`
}
