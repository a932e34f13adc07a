/** A command has done its work, and its exit code says how it found things. */
export class ExitWith extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`exit code ${exitCode}`)
    this.exitCode = exitCode
  }
}
