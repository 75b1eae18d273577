import type { NgDictionary, NgValue } from './types.ts'

/** Lists within lists; deeper than any key of rtpengine goes. */
const deepest = 8

/** A value in brackets, and where the text goes on behind it. */
export interface Bracketed { value: NgValue[] | NgDictionary, end: number }

/**
 * Reads `[a b]`, a list, or `[key=a other=[b c]]`, a dictionary, as rtpengine does from 13 on: words end at spaces, and
 * whether the first one has a value says which of them it is. One that is never closed ends with the text.
 *
 * @param at of the opening bracket
 * @returns undefined where brackets lie deeper within each other than any key has them
 */
export function readBracketed (text: string, at: number, depth = 0): Bracketed | undefined {
  if (depth >= deepest) return undefined
  const list: NgValue[] = []
  const entries: [string, NgValue][] = []
  let isDictionary: boolean | undefined
  for (let index = at + 1; ;) {
    while (text[index] === ' ') index++
    if (index >= text.length || text[index] === ']') {
      return { value: isDictionary ? Object.fromEntries(entries) : list, end: Math.min(index + 1, text.length) }
    }
    const [key = ''] = isDictionary === false || text[index] === '[' ? [] : /^[^ \]=]+(?==[^ \]])/.exec(text.slice(index, index + 200)) ?? []
    isDictionary ??= key !== ''
    // rtpengine gives up at a word without a value among those that have one.
    const start = key === '' ? index : index + key.length + 1
    const inner = text[start] === '[' ? readBracketed(text, start, depth + 1) : undefined
    if (text[start] === '[' && !inner) return undefined
    const end = inner?.end ?? wordEnd(text, start)
    const value = inner?.value ?? text.slice(start, end)
    if (!isDictionary) list.push(value)
    else if (key !== '' && !unsafe.has(key)) entries.push([key, value])
    index = end
  }
}

function wordEnd (text: string, start: number): number {
  let end = start
  while (end < text.length && text[end] !== ' ' && text[end] !== ']') end++
  return end
}

/** Names that every object has: as keys of a dictionary nothing sends them. */
export const unsafe = new Set(['__proto__', 'constructor', 'prototype'])
