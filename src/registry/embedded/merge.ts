import type { Candidate, Observation } from '../../model/candidate.ts'

/** All that every source said, by source and candidate key. */
export type Contents = Map<string, Map<string, Candidate>>

/** One candidate that came, changed or went. */
export type CandidateChange = {
  readonly before: Candidate | undefined
  readonly after: Candidate | undefined
}

/**
 * Takes an observation into the contents and says what that changed. A candidate that says the same
 * as before keeps its object, so a full list that brings nothing new changes nothing.
 */
export function merge(contents: Contents, observation: Observation): readonly CandidateChange[] {
  const known = contents.get(observation.source) ?? new Map<string, Candidate>()
  contents.set(observation.source, known)
  const changes: CandidateChange[] = []
  const named = new Set<string>()
  for (const after of observation.upserts) {
    named.add(after.key)
    const before = known.get(after.key)
    if (before !== undefined && jsonOf(before) === jsonOf(after)) continue
    known.set(after.key, after)
    changes.push({ before, after })
  }
  for (const key of observation.isComplete ? [...known.keys()] : observation.removals) {
    const before = known.get(key)
    if (before === undefined || named.has(key)) continue
    known.delete(key)
    changes.push({ before, after: undefined })
  }
  return changes
}

/** A candidate as JSON, made once per object: comparing and storing 10,000 of them stays cheap. */
export function jsonOf(candidate: Candidate): string {
  let json = jsonCache.get(candidate)
  if (json === undefined) {
    json = JSON.stringify(candidate)
    jsonCache.set(candidate, json)
  }
  return json
}

const jsonCache = new WeakMap<Candidate, string>()
