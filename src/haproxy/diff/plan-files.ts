import type { DesiredState } from '../../model/desired-state.ts'
import { isDigest } from '../../model/file-digest.ts'
import type { FileUse } from '../config/file-use.ts'
import { usesOf } from './file-uses.ts'
import { planAcl } from './plan-acl.ts'
import { isSameFile, planAuthorities, planCertificates } from './plan-certificates.ts'
import { planMap } from './plan-map.ts'
import type { RunningState } from './plan.ts'
import type { Findings, Step } from './steps.ts'

type KnownState = RunningState & { readonly config: string }

/**
 * What must be done about files that differ. Maps, ACLs and certificates are changed at runtime, any
 * other file wants a reload. One that is no longer wanted is left alone, but for certificates of
 * which HAProxy loads all that are there.
 */
export function planFiles(base: KnownState, desired: DesiredState): Findings {
  const findings: Findings = { steps: [], reasons: [] }
  const unexplained = new Map<string, string | undefined>()
  for (const [path, content] of desired.files) {
    if (isSameFile(base.files, path, content)) continue
    const result = planFile(path, base.files.get(path), content, usesOf(desired, path))
    if (result === undefined || typeof result === 'string') unexplained.set(path, result)
    else findings.steps.push(...result)
  }
  const gone = goneFiles(base.files, desired.files)
  const open = [...unexplained].filter(([, reason]) => reason === undefined)
  const paths = new Set([...open.map(([path]) => path), ...gone])
  if (paths.size > 0) {
    const found = planCertificates(base, desired, paths)
    findings.steps.push(...found.steps)
    for (const path of found.known) unexplained.delete(path)
    for (const [path, reason] of found.reasons) unexplained.set(path, reason)
  }
  for (const [path, reason] of unexplained) {
    const isUnknown = !base.files.has(path)
    const text = reason ?? (isUnknown ? 'the content that was loaded is not known' : differs)
    findings.reasons.push({ kind: 'file', text: `file ${path}: ${text}` })
  }
  return findings
}

const differs = 'differs, and is nothing that can be changed at runtime'

/** Files that are no longer there, of those that may be certificates. */
function goneFiles(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const gone = [...before].filter(([path]) => !after.has(path))
  return gone
    .filter(([, content]) => isDigest(content) || content.includes('-----BEGIN '))
    .map(([path]) => path)
}

/** Steps, why only a reload can bring it, or undefined for what may be about certificates. */
function planFile(
  path: string,
  old: string | undefined,
  content: string,
  uses: ReadonlySet<FileUse>,
): Step[] | string | undefined {
  const only = (...wanted: readonly FileUse[]): boolean =>
    uses.size > 0 && [...uses].every((use) => wanted.includes(use))
  if (uses.size === 0 || only('certificate', 'crt-list')) return undefined
  if (old === undefined) return 'the content that was loaded is not known'
  if (uses.has('written')) return 'differs, and requests change it, too'
  if (only('map', 'map-ordered')) return planMap(path, old, content, uses.has('map-ordered'))
  if (only('acl')) return planAcl(path, old, content)
  const use = only('ca') ? 'ca' : 'crl'
  if (!only(use)) return differs
  const step = planAuthorities(path, content, use)
  return typeof step === 'string' ? step : [step]
}
