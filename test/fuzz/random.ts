/** Numerical Recipes' linear congruence: the same numbers at every run. */
export function randomSource (state: number): (below: number) => number {
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

export type Random = ReturnType<typeof randomSource>

/** One to four changes: a byte replaced, taken out or put in, the end cut off, a piece doubled or taken from another. */
export function mutated (seeds: readonly Buffer[], alphabet: Buffer, random: Random): Buffer {
  const pick = () => seeds[random(seeds.length)] ?? Buffer.alloc(0)
  if (random(16) === 0) return Buffer.from(Array.from({ length: random(80) }, () => randomByte(alphabet, random)))
  let bytes = pick()
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(bytes.length + 1)
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
    const byte = Buffer.from([randomByte(alphabet, random)])
    switch (random(6)) {
      case 0: bytes = Buffer.concat([head, byte, tail.subarray(1)]); break
      case 1: bytes = Buffer.concat([head, tail.subarray(1)]); break
      case 2: bytes = Buffer.concat([head, byte, tail]); break
      case 3: bytes = head; break
      case 4: bytes = Buffer.concat([head, tail.subarray(0, random(12)), tail]); break
      default: bytes = Buffer.concat([head, pick().subarray(random(200)), tail.subarray(random(20))]).subarray(0, 8000)
    }
  }
  return bytes
}

function randomByte (alphabet: Buffer, random: Random): number {
  return random(4) === 0 ? random(256) : alphabet[random(alphabet.length)] ?? 0
}
