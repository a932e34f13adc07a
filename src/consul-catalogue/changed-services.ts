import type { HealthCheck, HealthEntry, NodeServices } from '../consul/types.ts'

/** When an answer about a service is new enough to show a change that was seen. */
export type Expectation =
  | { readonly kind: 'index'; readonly atLeast: number }
  | { readonly kind: 'answer'; readonly isShown: (answer: readonly HealthEntry[]) => boolean }

export function isMet(
  expectation: Expectation,
  answer: readonly HealthEntry[],
  index: number,
): boolean {
  if (expectation.kind === 'index') return index >= expectation.atLeast
  return expectation.isShown(answer)
}

/** A service that has to be read again; undefined: whatever the answer is, it is new enough. */
export type Mark = {
  readonly service: string
  readonly expectation: Expectation | undefined
  /** The instance that went, or whose check did: where it is not known there is nothing to read. */
  readonly instance?: { readonly node: string; readonly serviceId: string }
}

/** What a node offers, as its watch said it last. */
export type NodeOffer = {
  readonly address: string
  /** By service id. */
  readonly services: ReadonlyMap<string, OfferedService>
}

export type OfferedService = {
  readonly name: string
  readonly tags: readonly string[]
  readonly modifyIndex: number
}

/** `isEveryKind`: also parts of Consul's mesh, and Consul itself. */
export function nodeOffer(answer: NodeServices | null, isEveryKind = false): NodeOffer {
  const services = Object.values(answer?.Services ?? {}).flatMap((each) =>
    isEveryKind || ((each.Kind ?? '') === '' && each.Service !== 'consul')
      ? [
          [
            each.ID,
            {
              name: each.Service,
              tags: each.Tags ?? [],
              modifyIndex: each.ModifyIndex ?? 0,
            },
          ] as const,
        ]
      : [],
  )
  return { address: answer?.Node.Address ?? '', services: new Map(services) }
}

/** The services whose instances on a node came, changed or went. */
export function changedOnNode(node: string, before: NodeOffer, after: NodeOffer): readonly Mark[] {
  const marks: Mark[] = []
  const hasMoved = before.address !== after.address
  for (const [id, { name, modifyIndex }] of after.services) {
    const known = before.services.get(id)
    if (known !== undefined && known.name !== name) marks.push(gone(node, id, known))
    if (known?.modifyIndex !== modifyIndex || known.name !== name) {
      marks.push({ service: name, expectation: { kind: 'index', atLeast: modifyIndex } })
    } else if (hasMoved) {
      marks.push({ service: name, expectation: isAt(node, after.address) })
    }
  }
  for (const [id, known] of before.services) {
    if (!after.services.has(id)) marks.push(gone(node, id, known))
  }
  return marks
}

function gone(node: string, id: string, { name, modifyIndex }: OfferedService): Mark {
  const isIt = ({ Node, Service }: HealthEntry): boolean => Node.Node === node && Service.ID === id
  return {
    service: name,
    instance: { node, serviceId: id },
    // One that is there again was registered later than the one that went.
    expectation: {
      kind: 'answer',
      isShown: (answer) =>
        answer.every((each) => !isIt(each) || (each.Service.ModifyIndex ?? 0) > modifyIndex),
    },
  }
}

function isAt(node: string, address: string): Expectation {
  return {
    kind: 'answer',
    isShown: (answer) => answer.every(({ Node }) => Node.Node !== node || Node.Address === address),
  }
}

/** Checks that are not passing, by node, service and check id. */
export type IllChecks = ReadonlyMap<string, HealthCheck>

/** Consul before 1.5 gives the passing ones as well: it does not know the filter. */
export function illChecks(answer: readonly HealthCheck[]): IllChecks {
  const ill = answer.filter(({ Status }) => Status !== 'passing')
  return new Map(ill.map((check) => [checkKey(check), check]))
}

/**
 * The services concerned by checks that fell ill, changed or got well. `isRead` leaves out the
 * services that nobody wants to know about.
 */
export function changedByChecks(
  before: IllChecks,
  after: IllChecks,
  servicesOfNode: (node: string) => Iterable<string>,
  isRead: (service: string, tags: readonly string[]) => boolean = () => true,
): readonly Mark[] {
  const marks: Mark[] = []
  const mark = (check: HealthCheck, expectation: Expectation, hasGone: boolean): void => {
    const { ServiceID = '', ServiceName = '', ServiceTags } = check
    const services = ServiceID === '' ? servicesOfNode(check.Node) : [ServiceName]
    for (const service of services) {
      if (ServiceID !== '' && !isRead(service, ServiceTags ?? [])) continue
      const instance = { node: check.Node, serviceId: ServiceID }
      const isOfGone = hasGone && ServiceID !== ''
      marks.push({ service, expectation, ...(isOfGone ? { instance } : {}) })
    }
  }
  for (const [key, check] of after) {
    const known = before.get(key)
    if (known?.Status === check.Status && known.Output === check.Output) continue
    mark(check, { kind: 'index', atLeast: check.ModifyIndex ?? 0 }, false)
  }
  for (const [key, check] of before) {
    if (after.has(key)) continue
    const isShown = (answer: readonly HealthEntry[]): boolean =>
      !answer.some((entry) => isStillIll(entry, key, check))
    mark(check, { kind: 'answer', isShown }, true)
  }
  return marks
}

function isStillIll(entry: HealthEntry, key: string, was: HealthCheck): boolean {
  return entry.Checks.some(
    (check) =>
      checkKey(check) === key &&
      check.Status === was.Status &&
      (check.ModifyIndex ?? 0) <= (was.ModifyIndex ?? 0),
  )
}

function checkKey({ Node, ServiceID = '', CheckID }: HealthCheck): string {
  return JSON.stringify([Node, ServiceID, CheckID])
}
