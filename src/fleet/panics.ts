import type { NodeView } from './node.ts'
import type { FleetObserver } from './observer.ts'
import type { SelectionRules } from './rules.ts'
import { inService, isPanicAmong } from './select.ts'

/** A set of nodes, and whether so many of its nodes are down that new calls may go to them again. */
export interface NodeSet { set: string, isPanic: boolean }

export interface PanicsOptions {
  nodes: () => readonly NodeView[]
  observer: Pick<FleetObserver, 'panic'>
  rules: SelectionRules
}

/** Tells when a set of nodes begins to panic and when that ends. Which nodes a call may go to, `select` says by itself. */
export class Panics {
  readonly #options: PanicsOptions
  readonly #sets = new Set<string>()
  #isDue = false

  constructor (options: PanicsOptions) {
    this.#options = options
  }

  /** All sets, in the order of the nodes. */
  get sets (): NodeSet[] {
    const nodes = this.#options.nodes()
    return setsOf(nodes).map((set) => ({ set, isPanic: this.#isPanic(nodes, set) }))
  }

  /** Something has changed. Looked at when all that changes with it has: a list of nodes is taken node by node. */
  look (): void {
    if (this.#isDue) return
    this.#isDue = true
    queueMicrotask(() => {
      this.#isDue = false
      const nodes = this.#options.nodes()
      for (const set of new Set([...this.#sets, ...setsOf(nodes)])) this.#lookAt(set, nodes)
    })
  }

  #lookAt (set: string, nodes: readonly NodeView[]): void {
    const isPanic = this.#isPanic(nodes, set)
    if (isPanic === this.#sets.has(set)) return
    if (isPanic) this.#sets.add(set)
    else this.#sets.delete(set)
    this.#options.observer.panic(set, isPanic, textOf(set, isPanic, inService(nodes, set)))
  }

  #isPanic (nodes: readonly NodeView[], set: string): boolean {
    return isPanicAmong(inService(nodes, set), this.#options.rules)
  }
}

function setsOf (nodes: readonly NodeView[]): string[] {
  return [...new Set(nodes.flatMap(({ sets }) => sets))]
}

function textOf (set: string, isPanic: boolean, nodes: readonly NodeView[]): string {
  const down = nodes.filter(({ state }) => state === 'down').map(({ id }) => id)
  const { length } = down
  if (nodes.length === 0) return `no rtpengine of the set ${set} is in service any more`
  if (length === 0) return `no rtpengine of the set ${set} is down any more`
  const count = `${length} of ${nodes.length} rtpengines of the set ${set} ${length === 1 ? 'is' : 'are'} down (${down.join(', ')})`
  return isPanic
    ? `${count}: too many to be left out, new calls may go to ${length === 1 ? 'it' : 'them'} again`
    : `only ${count}: no new call goes there any more`
}
