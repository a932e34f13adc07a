import type { BoundedConsul } from '../../consul-catalogue/bounded-consul.ts'
import type { DependencyFailure } from '../contract.ts'
import { arrange } from './arrangement.ts'
import { watchedNodes, type Budget } from './budget.ts'
import type { Carrier, Outcome } from './carrier.ts'
import { CatalogueCarrier } from './catalogue-carrier.ts'
import { folderCarrier } from './folder-carrier.ts'
import type { Polling } from './poll.ts'
import { singleCarrier, type PollIntervals } from './single-carrier.ts'
import type { View } from './view.ts'

export type CarriersOptions = {
  readonly polling: Polling
  /** The same as that of `polling`. */
  readonly consul: BoundedConsul
  readonly budget: Budget
  readonly everyMs: PollIntervals
  readonly outcome: Outcome
}

const catalogueId = 'catalogue'

type Carried = { readonly view: View; readonly id: string }

/** Asks for views in the way that has room for all; what stays as it is goes on undisturbed. */
export class Carriers {
  readonly #options: CarriersOptions
  /** By the key of the topic. */
  readonly #carried = new Map<string, Carried>()
  readonly #carriers = new Map<string, { readonly carrier: Carrier; count: number }>()
  readonly #unfit = new Set<string>()
  #catalogue: CatalogueCarrier | undefined
  #views: ReadonlyMap<string, View> = new Map()
  /** With a watch of their own, while services are read together. */
  #mostNodes = 0

  constructor(options: CarriersOptions) {
    this.#options = options
  }

  /** From now on just these are asked for. */
  carry(views: ReadonlyMap<string, View>): void {
    this.#views = views
    const wasFolded = this.#catalogue !== undefined
    const topics = [...views.values()].map(({ topic }) => topic)
    const { longPolls } = this.#options.budget
    const { isFolded, others, folders } = arrange(topics, longPolls, wasFolded, this.#unfit)
    const idOf = ({ topic: { key, way } }: View): string => {
      if (way.kind === 'service' && isFolded) return catalogueId
      const folder = folders.get(key)
      return folder === undefined ? key : `folder ${folder}`
    }
    for (const [key, { view, id }] of this.#carried) {
      if (views.get(key) !== view || idOf(view) !== id) this.#drop(key, view, id)
    }
    // Before new ones begin: what is read together needs the room.
    if (isFolded !== wasFolded) this.#makeRoom(isFolded ? others : undefined)
    const isNew = isFolded && this.#catalogue === undefined
    for (const [key, view] of views) {
      if (!this.#carried.has(key)) this.#put(key, view, idOf(view), folders.get(key))
    }
    if (isNew) this.#startCatalogue()
  }

  /** What was known of Consul's indexes says nothing any more. */
  forgetIndexes(): void {
    this.#catalogue?.forgetIndexes()
  }

  /** What fails of all that is asked for now. */
  failing(): readonly DependencyFailure[] {
    return [...this.#carriers.values()].flatMap(({ carrier }) => carrier.failing())
  }

  close(): void {
    for (const { carrier } of this.#carriers.values()) carrier.close()
    this.#carriers.clear()
    this.#carried.clear()
    this.#views = new Map()
  }

  /** `others`: long polls beside services that are read together; undefined: they are not. */
  #makeRoom(others: number | undefined): void {
    const { polling, budget } = this.#options
    this.#mostNodes = others === undefined ? 0 : watchedNodes(budget, others)
    const taken = others === undefined ? 0 : this.#mostNodes + 1
    polling.turns.resize(budget.longPolls - taken)
  }

  #startCatalogue(): void {
    const carrier = this.#carriers.get(catalogueId)?.carrier
    if (carrier instanceof CatalogueCarrier) carrier.start()
  }

  #put(key: string, view: View, id: string, folder: string | undefined): void {
    const known = this.#carriers.get(id) ?? { carrier: this.#open(id, folder), count: 0 }
    known.count++
    this.#carriers.set(id, known)
    this.#carried.set(key, { view, id })
    known.carrier.add(view)
  }

  #drop(key: string, view: View, id: string): void {
    this.#carried.delete(key)
    const known = this.#carriers.get(id)
    if (known === undefined) return
    known.carrier.remove(view)
    if (--known.count > 0) return
    known.carrier.close()
    this.#carriers.delete(id)
    if (id === catalogueId) this.#catalogue = undefined
  }

  #open(id: string, folder: string | undefined): Carrier {
    const { polling, consul, everyMs, outcome } = this.#options
    if (id === catalogueId) {
      const mostNodes = this.#mostNodes
      this.#catalogue = new CatalogueCarrier({ polling, consul, mostNodes, outcome })
      return this.#catalogue
    }
    if (folder === undefined) return singleCarrier(polling, everyMs, outcome)
    return folderCarrier(folder, polling, outcome, () => {
      this.#unfit.add(folder)
      this.carry(this.#views)
    })
  }
}
