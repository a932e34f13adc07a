export type Images = {
  /** `fairlead:<hash>`; the tag that was asked for names it too. */
  readonly name: string
  /** `fairlead-demo:<hash>`, the demo's web server; the tag with `-demo` behind it names it too. */
  readonly demo: string
  /** Both, for `docker load`. */
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

/** Makes sure that a daemon has the project's images: built once, then loaded from a kept archive. */
export function ensureImage(options?: ImageOptions): Promise<Images>
