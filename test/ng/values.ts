import type { NgValue } from '../../src/ng/types.ts'
import type { NgKey } from '../../src/ng/vocabulary.ts'

export interface Sample { value: NgValue, word: string, release: number }

/** A value for every word of a key, or some value where any is taken. */
export function valuesOf (key: NgKey): Sample[] {
  if (key.type === 'integer') return [{ value: key.maximum, word: '', release: 0 }]
  if (key.type === 'dictionary') {
    return [...key.keys].flatMap(([name, inner]) => {
      return valuesOf(inner).map(({ value }) => ({ value: { [name]: value }, word: name, release: Number(inner.since) }))
    })
  }
  const words = key.words ? [...key.words] : [['127.0.0.1', '0'] as const]
  return words.map(([word, release]) => ({ value: key.type === 'list' ? [word] : word, word, release: Number(release) }))
}
