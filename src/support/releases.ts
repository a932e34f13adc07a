/**
 * What was acquired, in order: everything acquired pushes its own release, and the end of all runs
 * them in reverse. Running it twice releases once.
 */
export class Releases {
  #hasRun = false
  readonly #stack: { readonly what: string; readonly release: () => Promise<void> | void }[] = []

  /** What is acquired after the end is released at once. */
  push(what: string, release: () => Promise<void> | void): void {
    this.#stack.push({ what, release })
    if (this.#hasRun) void this.run(() => undefined)
  }

  /** One that fails does not keep the others; `onError` is told. */
  async run(onError: (what: string, error: unknown) => void): Promise<void> {
    this.#hasRun = true
    for (let next = this.#stack.pop(); next !== undefined; next = this.#stack.pop()) {
      try {
        await next.release()
      } catch (error) {
        onError(next.what, error)
      }
    }
  }
}
