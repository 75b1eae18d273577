import { asNgpilotError, NgpilotError } from '../../errors.ts'
import { addressOf, type NodeSettings } from '../node.ts'

/** Where nodes are found. `read` throws where there is no answer, or no whole one (`PartialAnswer`). */
export interface NodeSource { readonly name: string, read (): Promise<readonly NodeSettings[]> }

/** Something is wrong with some of the nodes: those stay as they were before, if they were there, and the others apply. */
export class PartialAnswer extends NgpilotError {
  readonly nodes: readonly NodeSettings[]
  /** The ids of the others. */
  readonly unread: readonly string[]

  constructor (nodes: readonly NodeSettings[], unread: readonly string[], problem: string) {
    super('config_invalid', problem)
    this.nodes = nodes
    this.unread = unread
  }
}

export interface DiscoveryObserver {
  /** A source was asked. `problem` tells what is wrong, `isNew` whether it was otherwise the time before. */
  asked (source: string, problem: string | undefined, isNew: boolean): void
}

export interface DiscoveryOptions {
  sources: readonly NodeSource[]
  everyMs: number
  observer: DiscoveryObserver
  /** Told the whole list whenever it is another. */
  onNodes: (nodes: readonly NodeSettings[]) => void
}

/**
 * The nodes of the list and of all sources together, asked again and again. A node that two of them name is taken from the
 * first: the list before the sources, these in their order.
 */
export class Discovery {
  readonly #options: DiscoveryOptions
  readonly #found = new Map<NodeSource, readonly NodeSettings[]>()
  readonly #problems = new Map<NodeSource, string>()
  #list: readonly NodeSettings[]
  #told = ''
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor (list: readonly NodeSettings[], options: DiscoveryOptions) {
    this.#list = list
    this.#options = options
  }

  /** Asks all sources for the first time; resolves when each has answered, or failed. From then on they are asked again. */
  async start (): Promise<void> {
    await this.#ask()
  }

  /** Takes another list; the sources keep theirs. */
  setList (list: readonly NodeSettings[]): void {
    this.#list = list
    this.#tell()
  }

  close (): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  async #ask (): Promise<void> {
    await Promise.all(this.#options.sources.map((source) => this.#read(source)))
    if (this.#isClosed) return
    this.#tell()
    if (this.#options.sources.length === 0) return
    this.#timer = setTimeout(() => void this.#ask(), this.#options.everyMs * (0.9 + 0.2 * Math.random())).unref()
  }

  async #read (source: NodeSource): Promise<void> {
    const before = this.#problems.get(source)
    let problem: string | undefined
    try {
      this.#found.set(source, await source.read())
      this.#problems.delete(source)
    } catch (error) {
      problem = asNgpilotError(error).message
      if (error instanceof PartialAnswer) {
        const kept = this.#found.get(source)?.filter(({ id }) => error.unread.includes(id)) ?? []
        this.#found.set(source, [...error.nodes, ...kept])
      }
      this.#problems.set(source, problem)
    }
    if (!this.#isClosed) this.#options.observer.asked(source.name, problem, problem !== before)
  }

  #tell (): void {
    const nodes: NodeSettings[] = []
    const seen = new Set<string>()
    for (const node of [this.#list, ...this.#options.sources.map((source) => this.#found.get(source) ?? [])].flat()) {
      if (seen.has(node.id) || seen.has(addressOf(node))) continue
      seen.add(node.id).add(addressOf(node))
      nodes.push(node)
    }
    const told = JSON.stringify(nodes)
    if (told === this.#told) return
    this.#told = told
    this.#options.onNodes(nodes)
  }
}
