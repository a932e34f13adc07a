import type { Candidate, Observation } from '../../model/candidate.ts'

/** All that every source said, by source and candidate key. Replaced, never changed. */
export type Contents = ReadonlyMap<string, ReadonlyMap<string, Candidate>>

/** One candidate that came, changed or went. */
export type CandidateChange = {
  readonly before: Candidate | undefined
  readonly after: Candidate | undefined
}

export type Merged = { readonly contents: Contents; readonly changes: readonly CandidateChange[] }

/**
 * The contents after an observation, and what that changed. A candidate that says the same as
 * before keeps its object, so a full list that brings nothing new changes nothing.
 */
export function merge(contents: Contents, observation: Observation): Merged {
  const before = contents.get(observation.source) ?? new Map<string, Candidate>()
  const after = observation.isComplete ? new Map<string, Candidate>() : new Map(before)
  const changes: CandidateChange[] = []
  for (const key of observation.removals) after.delete(key)
  for (const candidate of observation.upserts) {
    const known = before.get(candidate.key)
    const isUnchanged = known !== undefined && jsonOf(known) === jsonOf(candidate)
    after.set(candidate.key, isUnchanged ? known : candidate)
    if (!isUnchanged) changes.push({ before: known, after: candidate })
  }
  const gone = observation.isComplete ? before.keys() : observation.removals
  for (const key of gone) {
    const known = before.get(key)
    if (known !== undefined && !after.has(key)) changes.push({ before: known, after: undefined })
  }
  if (changes.length === 0) return { contents, changes }
  return { contents: new Map(contents).set(observation.source, after), changes }
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
