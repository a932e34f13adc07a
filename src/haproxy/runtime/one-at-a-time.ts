/** Runs tasks one after the other, in the order they came; a task that fails does not stop the next. */
export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve()

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task)
    // The failure reaches the caller through `result`; here it only must not stop the queue.
    this.#last = result.catch(() => undefined)
    return result
  }
}
