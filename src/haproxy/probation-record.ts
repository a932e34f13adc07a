import type { KeptFile } from './apply/staged-files.ts'

/** A text that has to prove itself. */
export type OpenProbation = {
  /** The contents from before it. */
  readonly files: readonly KeptFile[]
  /** What it brought, for people. */
  readonly reasons: readonly string[]
  /** `structureKey` of the desired state. */
  readonly key: string
  /** How often it was loaded by one fairlead after the other that did not see what became of it. */
  readonly tries: number
}

export type ProbationRecord = {
  readonly open: OpenProbation | undefined
  /** Files that are about to be replaced, while HAProxy still runs the old ones. */
  readonly staged: readonly KeptFile[] | undefined
}

/** Empty for what is not whole: a record is written at once or not at all. */
export function parseProbation(text: string): ProbationRecord {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { open: undefined, staged: undefined }
  }
  const { open, staged } = isObject(value) ? value : {}
  return {
    open: isOpen(open) ? open : undefined,
    staged: isFiles(staged) ? staged : undefined,
  }
}

function isOpen(value: unknown): value is OpenProbation {
  if (!isObject(value)) return false
  const { files, reasons, key, tries } = value
  return (
    isFiles(files) &&
    Array.isArray(reasons) &&
    reasons.every((each) => typeof each === 'string') &&
    typeof key === 'string' &&
    Number.isInteger(tries)
  )
}

function isFiles(value: unknown): value is KeptFile[] {
  return (
    Array.isArray(value) &&
    value.every(
      (each) =>
        isObject(each) &&
        typeof each.path === 'string' &&
        typeof each.previous === 'string' &&
        typeof each.isNew === 'boolean',
    )
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
