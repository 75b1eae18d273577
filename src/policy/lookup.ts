import type { Bound, Condition, LookupKey } from './condition.ts'
import type { Subject } from './subject.ts'

/** Fewer entries than this are tried one by one, which is quicker. */
const fewest = 8

type Conditional = Readonly<{ conditions: readonly Condition[] }>

/** Places of entries: those to be tried, and by their bounds, the greatest first, those that have one. */
interface Bucket { places: number[], bounded: { place: number, bound: Bound }[] }

interface Table { read: LookupKey['read'], buckets: Map<string, Bucket> }

/**
 * The entries of a list whose conditions all hold, in its order, without trying each: every entry that has a condition which
 * can hold only for certain values of a fact lies in a table under those, and the facts say where to look. There, shares of
 * calls are in order, so that one look tells that none of them is meant.
 */
export class Lookup<Entry extends Conditional> {
  readonly #entries: readonly Entry[]
  /** Of each entry the conditions that its place in a table leaves to try. */
  readonly #left: (readonly Condition[])[]
  readonly #tables: Table[]
  /** Those that have no such condition. */
  readonly #others: Bucket = { places: [], bounded: [] }

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
    const tables = new Map<string, Table>()
    const isShort = entries.length < fewest
    for (const [place, entry] of entries.entries()) {
      const key = isShort ? undefined : best(entry)
      const bounding = isShort ? undefined : entry.conditions.find(({ bound }) => bound)
      const settled = [key?.isWhole ? entry.conditions.find((condition) => condition.key === key) : undefined, bounding]
      this.#left[place] = entry.conditions.filter((condition) => !settled.includes(condition))
      for (const bucket of key ? bucketsOf(tables, key) : [this.#others]) {
        if (bounding?.bound) bucket.bounded.push({ place, bound: bounding.bound })
        else bucket.places.push(place)
      }
    }
    this.#tables = [...tables.values()]
    const all = [this.#others, ...this.#tables.flatMap(({ buckets }) => [...buckets.values()])]
    for (const { bounded } of all) bounded.sort((one, other) => other.bound.below - one.bound.below)
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
    let found = within(this.#others, subject)
    let isOne = true
    for (const { read, buckets } of this.#tables) {
      const value = read(subject)
      if (value === undefined) continue
      for (const each of typeof value === 'string' ? [value] : value) {
        const bucket = buckets.get(each)
        const more = bucket ? within(bucket, subject) : none
        if (more.length === 0) continue
        isOne = isOne && found.length === 0
        found = found.length === 0 ? more : [...found, ...more]
      }
    }
    // One list is in order; several are not, and a profile's line may lead to the same entry twice.
    return isOne ? found : [...new Set(found)].sort((a, b) => a - b)
  }
}

const none: readonly number[] = []

/** Where an entry belongs that can hold for the values of a key. */
function bucketsOf (tables: Map<string, Table>, { fact, read, values }: LookupKey): Bucket[] {
  const table = tables.get(fact) ?? { read, buckets: new Map<string, Bucket>() }
  tables.set(fact, table)
  return [...new Set(values)].map((value) => {
    const bucket = table.buckets.get(value) ?? { places: [], bounded: [] }
    table.buckets.set(value, bucket)
    return bucket
  })
}

/** In the order of the list. */
function within ({ places, bounded }: Bucket, subject: Subject): readonly number[] {
  const [greatest] = bounded
  if (!greatest || greatest.bound.read(subject) >= greatest.bound.below) return places
  const found = [...places]
  for (const { place, bound } of bounded) {
    if (bound.read(subject) >= bound.below) break
    found.push(place)
  }
  return found.sort((a, b) => a - b)
}

export function allHold (conditions: readonly Condition[], subject: Subject): boolean {
  for (const { holds } of conditions) if (!holds(subject)) return false
  return true
}

function keysOf ({ conditions }: Conditional): LookupKey[] {
  return conditions.flatMap(({ key }) => key ? [key] : [])
}
