import type { Candidate } from '../model/candidate.ts'
import { ignoredStep, lineStep } from './map-container.ts'

/** A container's id as log lines have it. */
export function shortId(id: string): string {
  return id.slice(0, 12)
}

/** What is said of a container when it is first seen: what of it is not registered, and why. */
export function linesOfMapping({ key, decisions }: Candidate): string[] {
  return decisions.flatMap(({ step, what }) => {
    if (step === ignoredStep) return [`ignored: ${shortId(key)} ${what}`]
    return step === lineStep ? [what] : []
  })
}
