/**
 * Draws by weight, again and again, from one random number: what a draw leaves of it is as even as it was before.
 *
 * @param random from 0 up to, not including, 1
 * @returns a function that takes weights, at least one, and returns the index of one of them. Those that are no positive
 *   number get a turn only where no other is left, and then all have the same chance.
 */
export function createDraw (random: number): (weights: readonly number[]) => number {
  let rest = clamped(random)

  return function draw (weights) {
    let total = 0
    for (const weight of weights) total += positive(weight)
    const isEven = !(total > 0 && total < Infinity)
    let at = rest * (isEven ? weights.length : total)
    let index = 0
    let last = 0
    for (const weight of weights) {
      const width = isEven ? 1 : positive(weight)
      if (at < width) {
        rest = clamped(at / width)
        return index
      }
      at -= width
      if (width > 0) last = index
      index++
    }
    return last // where the sum and the differences were rounded apart
  }
}

function positive (weight: number): number {
  return weight > 0 ? weight : 0
}

function clamped (random: number): number {
  return random >= 0 ? Math.min(random, 1 - Number.EPSILON) : 0
}
