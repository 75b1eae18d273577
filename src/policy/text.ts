import { compilePattern } from './regex.ts'
import type { TextEntry } from './schema.ts'

/** A test of one text. `exact`, `prefixes`: where nothing else fulfils it than these, or what begins with these. */
export interface TextTest {
  text: string
  holds: (value: string | undefined) => boolean
  exact?: readonly string[]
  prefixes?: readonly string[]
}

/**
 * What a `match` says of a text: the text itself, a list of which it is one, or a map whose every key holds. A text that is
 * not known fulfils nothing but `present: false`.
 */
export function textTest (entry: TextEntry, isCaseless = false): TextTest {
  const folded = (value: string) => isCaseless ? value.toLowerCase() : value
  const read = (value: string | string[]) => listOf(value).map(folded)
  if (typeof entry === 'string' || Array.isArray(entry)) {
    const exact = read(entry)
    return { text: written(listOf(entry)), exact, holds: (value) => value !== undefined && exact.includes(folded(value)) }
  }
  const { present, ...rest } = entry
  const tests: ((value: string) => boolean)[] = []
  if (rest.prefix !== undefined) {
    const prefixes = read(rest.prefix)
    tests.push((value) => prefixes.some((prefix) => value.startsWith(prefix)))
  }
  if (rest.suffix !== undefined) {
    const suffixes = read(rest.suffix)
    tests.push((value) => suffixes.some((suffix) => value.endsWith(suffix)))
  }
  if (rest.contains !== undefined) {
    const parts = read(rest.contains)
    tests.push((value) => parts.some((part) => value.includes(part)))
  }
  if (rest.regex !== undefined) {
    const patterns = listOf(rest.regex).map(compilePattern).filter((pattern) => typeof pattern !== 'string')
    tests.push((value) => patterns.some((pattern) => pattern.test(value)))
  }
  return {
    text: Object.entries(entry).map(([key, value]) => `${key} ${Array.isArray(value) ? written(value) : String(value)}`).join(', '),
    ...rest.prefix !== undefined && { prefixes: read(rest.prefix) },
    holds (value) {
      if (value === undefined) return present === false && tests.length === 0
      if (present === false) return false
      const own = folded(value)
      return tests.every((test) => test(own))
    },
  }
}

export const listOf = <Item>(value: Item | Item[]): Item[] => Array.isArray(value) ? value : [value]

export const written = (list: readonly (string | number)[]): string => list.length === 1 ? String(list[0]) : `[${list.join(', ')}]`
