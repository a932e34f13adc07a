/**
 * Growing pauses between tries: `firstMs`, doubled each time up to `mostMs`, each shortened by up
 * to a quarter at random so that many clients do not come back in step.
 */
export class Backoff {
  readonly #firstMs: number
  readonly #mostMs: number
  readonly #random: () => number
  #nextMs: number

  constructor(firstMs: number, mostMs: number, random: () => number = Math.random) {
    this.#firstMs = firstMs
    this.#mostMs = mostMs
    this.#random = random
    this.#nextMs = firstMs
  }

  next(): number {
    const delayMs = this.#nextMs
    this.#nextMs = Math.min(this.#mostMs, this.#nextMs * 2)
    return Math.round(delayMs * (1 - this.#random() / 4))
  }

  reset(): void {
    this.#nextMs = this.#firstMs
  }
}
