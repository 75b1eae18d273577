import { stripVTControlCharacters } from 'node:util'

/** How wide a line of prose is at most: longer ones are hard to read, whatever the terminal has. */
const widest = 110
const narrowest = 40

/** The text in lines of `width` at most, each behind its indent. A word that is longer than a line has one to itself. */
export function wrap (text: string, width: number, indent = '', first = indent): string[] {
  const room = Math.max(narrowest, Math.min(width, widest))
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && seen(last) + 1 + seen(word) <= room) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(`${lines.length === 0 ? first : indent}${word}`)
  }
  return lines
}

/** As it is seen: colours take no room. */
export const seen = (text: string): number => stripVTControlCharacters(text).length
