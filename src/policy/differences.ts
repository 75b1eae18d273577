import { compareResults, type Result } from './compare.ts'
import type { CallFacts } from './types.ts'

/** Decisions that differ in the same way. */
export interface DifferenceGroup {
  command: CallFacts['command']
  /** The profiles before. */
  sender: string
  receiver: string
  count: number
  /** A line for each thing: `flags.ICE: remove → force`. */
  differences: string[]
  /** The first of them. */
  examples: { name: string, callId: string }[]
}

export interface Compared {
  decisions: number
  same: number
  different: number
  /** Of calls that the new policy refuses, so that they would not have come. */
  moot: number
  /** The most frequent first. */
  groups: DifferenceGroup[]
  /** Different ones beyond the ways that are kept apart. */
  others: number
}

const mostGroups = 1000
const mostExamples = 3

/** Counts how decisions differ, the same differences together. */
export class Differences {
  readonly #counted = { decisions: 0, same: 0, different: 0, moot: 0, others: 0 }
  readonly #groups = new Map<string, DifferenceGroup>()

  /** @param after undefined where the message would not have come */
  add (name: string, { command, callId }: CallFacts, before: Result, after: Result | undefined): void {
    this.#counted.decisions++
    if (!after) {
      this.#counted.moot++
      return
    }
    const differences = compareResults(before, after)
    this.#counted[differences.length === 0 ? 'same' : 'different']++
    if (differences.length === 0) return
    const { sender, receiver } = before
    const key = [command, sender, receiver, ...differences].join('\n')
    const group = this.#groups.get(key) ?? { command, sender, receiver, count: 0, differences, examples: [] }
    if (!this.#groups.has(key)) {
      if (this.#groups.size >= mostGroups) {
        this.#counted.others++
        return
      }
      this.#groups.set(key, group)
    }
    group.count++
    if (group.examples.length < mostExamples) group.examples.push({ name, callId })
  }

  result (): Compared {
    return { ...this.#counted, groups: [...this.#groups.values()].sort((one, other) => other.count - one.count) }
  }
}
