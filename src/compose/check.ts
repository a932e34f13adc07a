import type { Decision } from '../model/problem.ts'
import { type Assessed, type Assessment, assess, type CheckSettings } from './assess.ts'
import type { ComposeInput } from './input.ts'
import { attributeUses, labelNameFindings, sharedServices } from './label-names.ts'
import { portConflicts } from './port-conflicts.ts'
import { distinct, inComposeWords, problemFindings } from './problems.ts'
import { type ComposeProject, readProject } from './project.ts'
import type { CheckReport, LeftOut } from './report.ts'
import { isRouted, routeReports } from './routes.ts'
import { shownPosition } from './tree.ts'
import type { Finding } from './tree.ts'

/**
 * Says which routes the containers of a Compose project would get, and what is wrong with them.
 * Pure: files come through `input`. Throws ComposeError for what is no YAML.
 */
export function checkCompose(input: ComposeInput, settings: CheckSettings): CheckReport {
  const project = readProject(input)
  const assessment = assess(project, settings)
  const { services } = assessment
  const findings = [
    ...project.findings,
    ...problemFindings(assessment, project),
    ...services.flatMap(labelNameFindings),
    ...sharedServices(services),
    ...portConflicts(services, settings),
    ...services.flatMap((each) => portFindings(each, assessment)),
    ...networkFindings(project, assessment),
  ]
  const problems = sorted(distinct(findings), input).map(({ level, at, where, what, hint }) => ({
    level,
    at: at ?? null,
    where,
    what,
    hint,
  }))
  return {
    project: project.name,
    files: input.files.map(({ shown }) => shown),
    profiles: input.profiles,
    routes: routeReports(assessment, settings),
    leftOut: services.flatMap((each) => leftOut(each, assessment, settings)),
    inactive: project.inactive.map(({ name }) => name),
    problems,
    metadata: services.flatMap(attributeUses),
    errors: problems.filter(({ level }) => level === 'error').length,
    warnings: problems.filter(({ level }) => level === 'warning').length,
  }
}

/** In the order of the files, those without a place last. */
function sorted(findings: readonly Finding[], input: ComposeInput): readonly Finding[] {
  const files = input.files.map(({ shown }) => shown)
  const rank = ({ at }: Finding): readonly [number, number, number] => {
    if (at === undefined) return [files.length + 1, 0, 0]
    const file = files.indexOf(at.file)
    return [file === -1 ? files.length : file, at.line, at.column]
  }
  return findings.toSorted((a, b) => {
    const [one, other] = [rank(a), rank(b)]
    return one[0] - other[0] || one[1] - other[1] || one[2] - other[2]
  })
}

/** A route to a port that only the image knows. */
function portFindings(assessed: Assessed, assessment: Assessment): readonly Finding[] {
  if (assessed.ports !== 'image' || !isRouted(assessed, assessment)) return []
  return [
    {
      level: 'warning',
      at: assessed.service.at,
      where: assessed.service.name,
      what: 'its port is not in the file: it is routed if its image exposes just one',
      hint: 'write expose: ["PORT"], or the label fairlead.port',
    },
  ]
}

/** Networks that are made elsewhere may be of a kind that HAProxy does not reach. */
function networkFindings(project: ComposeProject, assessment: Assessment): readonly Finding[] {
  return [...project.networks.values()].flatMap(({ name, driver, at }): readonly Finding[] => {
    const isUsed = assessment.services.some(
      (each) => each.reachedHow === `on network ${name}` && isRouted(each, assessment),
    )
    if (driver !== '' || !isUsed) return []
    const what = 'it is made elsewhere, and taken for a bridge network'
    const hint = 'docker network inspect says its driver; overlay and macvlan need published ports'
    return [{ level: 'warning', at, where: `network ${name}`, what, hint }]
  })
}

function leftOut(
  assessed: Assessed,
  assessment: Assessment,
  settings: CheckSettings,
): readonly LeftOut[] {
  const { service, candidates, ports, isWanted, labels } = assessed
  const { replicas, name: container } = service
  if (isRouted(assessed, assessment)) return []
  if (replicas === 0) {
    const reason = 'it has no containers (0 replicas)'
    return [{ container, replicas, reason, hint: '', dependsOnImage: false }]
  }
  const dependsOnImage =
    ports === 'image' && !isWanted && labels.isEnabled !== false && isWebMode(settings)
  if (dependsOnImage && candidates.some(({ endpoints }) => endpoints.length > 0)) {
    const reason = 'its ports are not in the file: routed if its image exposes 80, or 8080 alone'
    const hint = 'write expose: ["PORT"]'
    return [{ container, replicas, reason, hint, dependsOnImage }]
  }
  const stop = lastStop(assessed, assessment)
  const reason = inComposeWords(stop?.what ?? 'nothing was decided about it', ports)
  const hint = inComposeWords(stop?.hint ?? '', ports)
  return [{ container, replicas, reason, hint, dependsOnImage: false }]
}

function isWebMode({ routing }: CheckSettings): boolean {
  return routing.routeMode === 'web'
}

function lastStop({ candidates }: Assessed, { result }: Assessment): Decision | undefined {
  const [candidate] = candidates
  const decisions = [
    ...(candidate?.decisions ?? []),
    ...(candidate?.endpoints ?? []).flatMap(({ id }) => result.placements.get(id)?.decisions ?? []),
  ]
  return decisions.findLast(({ outcome }) => outcome === 'stop')
}

/** A problem on one line, as in a compiler's output. */
export function shownProblem({ at, where, what }: CheckReport['problems'][number]): string {
  const place = at === null ? '' : `${shownPosition(at)}  `
  return `${place}${where === '' ? '' : `${where}: `}${what}`
}
