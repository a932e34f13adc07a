/**
 * How much one execution may do and make, together with what functions execute inside it. What
 * goes beyond is a TemplateError with code `template_failed`, so that no template can hang or
 * exhaust the process that runs it.
 */
export type Limits = {
  /**
   * Statements, iterations, pipelines, calls and their arguments. What takes longer counts as more:
   * a call one for each 8 bytes of text that it is given or gives, 8 items given and 32 made, a variable one for
   * each 16 that are looked at to find it.
   */
  readonly steps: number
  /** Of the whole output. */
  readonly outputBytes: number
  /** Of one text that a function makes. */
  readonly textBytes: number
  /** Of everything that functions make, kept or not; an item of a list counts 32. */
  readonly madeBytes: number
  /** How many templates may be called inside each other. */
  readonly depth: number
}

const mebibyte = 2 ** 20

/** Far beyond what any configuration needs, and what a process of some 500 MB stands. */
export const defaultLimits: Limits = {
  steps: 50_000_000,
  outputBytes: 64 * mebibyte,
  textBytes: 16 * mebibyte,
  madeBytes: 256 * mebibyte,
  depth: 100_000,
}

/** What an execution may still do and make. */
export type Allowance = { steps: number; madeBytes: number }
