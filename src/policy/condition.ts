import type { TextEntry } from './schema-match.ts'
import type { Subject } from './subject.ts'
import { textTest, type TextTest } from './text.ts'

/** One key of a `match`. `text` is how the file has it, `failure` says why it does not hold: `transport is udp, not wss`. */
export interface Condition {
  text: string
  holds: (subject: Subject) => boolean
  failure: (subject: Subject) => string
  key?: LookupKey
  bound?: Bound
}

/**
 * Where a condition can hold only for certain values of one fact, so that it can be looked up by them. `fact` names what
 * `read` reads: conditions of the same name share a table.
 */
export interface LookupKey {
  fact: string
  values: readonly string[]
  read: (subject: Subject) => string | readonly string[] | undefined
  /** A value that is found says that the condition holds; nothing is left to try. */
  isWhole: boolean
}

/** Where a condition holds for a number of the call below a bound, so that only those with a greater bound need a look. */
export interface Bound { below: number, read: (subject: Subject) => number }

/** A fact of the subject, undefined where it is not known. */
export type Read<Value> = (subject: Subject) => Value | undefined

/** The condition on a text, none where the file asks for none. */
export function textIfGiven (name: string, entry: TextEntry | undefined, read: Read<string>): Condition[] {
  return entry === undefined ? [] : [textCondition(name, entry, read)]
}

export function textCondition (name: string, entry: TextEntry, read: Read<string>, isCaseless = false): Condition {
  const test = textTest(entry, isCaseless)
  const key = keyOf(name, test, isCaseless ? (subject) => read(subject)?.toLowerCase() : read)
  return {
    text: `${name}: ${test.text}`,
    holds: (subject) => test.holds(read(subject)),
    failure: (subject) => `${shown(name, read(subject))}, not ${test.text}`,
    ...key && { key },
  }
}

/** Prefixes are looked up where all are of one length: then a fact has one that could be meant. */
function keyOf (name: string, { exact, prefixes }: TextTest, read: Read<string>): LookupKey | undefined {
  if (exact) return { fact: name, values: exact, read, isWhole: true }
  const length = prefixes?.[0]?.length
  if (prefixes === undefined || length === undefined || prefixes.some((prefix) => prefix.length !== length)) return undefined
  return { fact: `${name}, first ${length}`, values: prefixes, read: (subject) => read(subject)?.slice(0, length), isWhole: false }
}

export function own (all: Readonly<Record<string, string>> | undefined, name: string): string | undefined {
  return all && Object.hasOwn(all, name) ? all[name] : undefined
}

/** For a failure: what a fact is. */
export function shown (name: string, value: string | undefined): string {
  return value === undefined ? `${name} is not known` : `${name} is ${value === '' ? 'empty' : value}`
}
