import type { SwarmImage } from './swarm-types.ts'

/** An image that the manager does not have is asked for again after this long: it may be pulled. */
const againMs = 60_000

/** What a manager said of images, by reference; digests stay what they are, and are asked for once. */
export class KnownImages {
  /** `image` undefined: asked for, and this manager does not have it. */
  readonly #asked = new Map<string, { image: SwarmImage | undefined; atMs: number }>()

  get(reference: string): SwarmImage | undefined {
    return this.#asked.get(reference)?.image
  }

  /** True: it is another than before. */
  set(reference: string, image: SwarmImage | undefined, nowMs: number): boolean {
    const before = this.get(reference)
    this.#asked.set(reference, { image, atMs: nowMs })
    return image !== before
  }

  /** Those that were not asked for yet. */
  unasked(references: Iterable<string>): readonly string[] {
    return [...references].filter((each) => each !== '' && !this.#asked.has(each))
  }

  /** Those that were not there, and may be now. */
  missing(nowMs: number): readonly string[] {
    return [...this.#asked]
      .filter(([, { image, atMs }]) => image === undefined && nowMs - atMs >= againMs)
      .map(([reference]) => reference)
  }

  keepOnly(references: ReadonlySet<string>): void {
    for (const each of this.#asked.keys()) if (!references.has(each)) this.#asked.delete(each)
  }
}
