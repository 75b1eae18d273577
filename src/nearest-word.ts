import { distance } from 'fastest-levenshtein'

/** The word that was most likely meant: a third of its letters may be wrong; case and order hardly count. */
export function nearestWord (word: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined
  let least = Math.max(word.length > 3 ? 3 : 2, Math.floor(word.length / 3) + 1)
  for (const candidate of candidates) {
    const [one, other] = [word.toLowerCase(), candidate.toLowerCase()]
    const wrong = one === other ? 0 : sorted(one) === sorted(other) ? 0.5 : distance(one, other)
    if (wrong >= least) continue
    least = wrong
    nearest = candidate
  }
  return nearest
}

const sorted = (word: string): string => Array.from(word).sort().join('')
