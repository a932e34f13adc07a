import type { AttributeUse } from './label-names.ts'
import type { Position } from './tree.ts'

/** `fairlead check --json`; docs/check.md describes it. Fields are added, never changed. */
export type CheckReport = {
  /** Compose's project. */
  readonly project: string
  /** The Compose files, in the order in which they were merged. */
  readonly files: readonly string[]
  readonly profiles: readonly string[]
  readonly routes: readonly RouteReport[]
  readonly leftOut: readonly LeftOut[]
  /** Compose's services whose profiles are not asked for. */
  readonly inactive: readonly string[]
  readonly problems: readonly CheckProblem[]
  readonly metadata: readonly AttributeUse[]
  readonly errors: number
  readonly warnings: number
}

/** A service of fairlead's that gets requests. */
export type RouteReport = {
  readonly service: string
  /** Host names that lead to it, `*.x` for wildcards; sorted. */
  readonly hosts: readonly string[]
  /** Takes what no host rule matches, because a label or setting says so or it is the only one. */
  readonly isDefault: boolean
  readonly balance: string
  readonly containers: readonly RoutedContainers[]
}

/** Containers of one of Compose's services, as far as they are endpoints of one of fairlead's. */
export type RoutedContainers = {
  /** Compose's name of the service. */
  readonly container: string
  readonly replicas: number
  /** Within the container; undefined: the one that its image exposes. */
  readonly port?: number
  /** `shop_default`, `host`; `published` where HAProxy uses a published port. */
  readonly network: string
  /** Port of the host, where HAProxy uses a published one; undefined: Docker chooses it. */
  readonly publishedPort?: number
  readonly weight: number
}

/** A service of Compose's without a route. */
export type LeftOut = {
  readonly container: string
  readonly replicas: number
  readonly reason: string
  readonly hint: string
  /** It may get one: that depends on what its image exposes. */
  readonly dependsOnImage: boolean
}

export type CheckProblem = {
  readonly level: 'error' | 'warning'
  /** null: it is about no single place in the files. */
  readonly at: Position | null
  /** `web, label fairlead.prot`, `service shop`. */
  readonly where: string
  readonly what: string
  /** Empty when there is none. */
  readonly hint: string
}
