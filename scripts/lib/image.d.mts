export type Image = {
  /** `fairlead:<hash>`; the tag that was asked for names it too. */
  readonly name: string
  /** For `docker load`. */
  readonly archive: string
}

export type ImageOptions = {
  /** As DOCKER_HOST has it: `unix:///path`, `tcp://10.0.0.1:2375`. Default: the docker command's own. */
  readonly dockerHost?: string
  /** An image's name, `debootstrap` or `auto` (the default). */
  readonly base?: string
  /** Default: `fairlead`. */
  readonly tag?: string
}

/** Makes sure that a daemon has the project's image: built once, then loaded from a kept archive. */
export function ensureImage(options?: ImageOptions): Promise<Image>
