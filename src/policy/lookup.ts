import type { Condition, LookupKey, Subject } from './conditions.ts'

/** Fewer entries than this are tried one by one, which is quicker. */
const fewest = 8

type Conditional = Readonly<{ conditions: readonly Condition[] }>

/**
 * The entries of a list whose conditions all hold, in its order, without trying each: every entry that has a condition which
 * can hold only for certain values of a fact lies in a table under those, and the facts say where to look.
 */
export class Lookup<Entry extends Conditional> {
  readonly #entries: readonly Entry[]
  /** Of each entry the conditions that its place in a table leaves to try. */
  readonly #left: (readonly Condition[])[]
  readonly #tables: { read: LookupKey['read'], places: Map<string, number[]> }[]
  /** Places of those that have no such condition. */
  readonly #others: number[]

  constructor (entries: readonly Entry[]) {
    this.#entries = entries
    this.#left = entries.map(({ conditions }) => conditions)
    const values = new Map<string, Set<string>>()
    for (const key of entries.flatMap(keysOf)) {
      const known = values.get(key.fact) ?? new Set()
      for (const value of key.values) known.add(value)
      values.set(key.fact, known)
    }
    // The fact that tells most apart, of those that an entry has a condition on.
    const worth = ({ fact, values: own }: LookupKey) => (values.get(fact)?.size ?? 0) / own.length
    const best = ({ conditions }: Conditional) => keysOf({ conditions }).sort((a, b) => worth(b) - worth(a))[0]
    const tables = new Map<string, { read: LookupKey['read'], places: Map<string, number[]> }>()
    this.#others = []
    for (const [place, entry] of entries.entries()) {
      const key = entries.length < fewest ? undefined : best(entry)
      if (!key) {
        this.#others.push(place)
        continue
      }
      if (key.isWhole) this.#left[place] = entry.conditions.filter((condition) => condition.key !== key)
      const table = tables.get(key.fact) ?? { read: key.read, places: new Map<string, number[]>() }
      tables.set(key.fact, table)
      for (const value of new Set(key.values)) {
        const places = table.places.get(value)
        if (places) places.push(place)
        else table.places.set(value, [place])
      }
    }
    this.#tables = [...tables.values()]
  }

  /** The first whose conditions all hold. */
  first (subject: Subject): Entry | undefined {
    for (const place of this.#candidates(subject)) {
      const entry = this.#entries[place]
      if (entry && allHold(this.#left[place] ?? [], subject)) return entry
    }
    return undefined
  }

  all (subject: Subject): Entry[] {
    const found: Entry[] = []
    for (const place of this.#candidates(subject)) {
      const entry = this.#entries[place]
      if (entry && allHold(this.#left[place] ?? [], subject)) found.push(entry)
    }
    return found
  }

  #candidates (subject: Subject): readonly number[] {
    let found: readonly number[] = this.#others
    let isOne = true
    for (const { read, places } of this.#tables) {
      const value = read(subject)
      if (value === undefined) continue
      for (const each of typeof value === 'string' ? [value] : value) {
        const more = places.get(each)
        if (!more) continue
        isOne = isOne && found.length === 0
        found = found.length === 0 ? more : [...found, ...more]
      }
    }
    // One list is in order; several are not, and a profile's line may lead to the same entry twice.
    return isOne ? found : [...new Set(found)].sort((a, b) => a - b)
  }
}

export function allHold (conditions: readonly Condition[], subject: Subject): boolean {
  for (const { holds } of conditions) if (!holds(subject)) return false
  return true
}

function keysOf ({ conditions }: Conditional): LookupKey[] {
  return conditions.flatMap(({ key }) => key ? [key] : [])
}
