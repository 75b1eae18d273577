import assert from 'node:assert/strict'
import { NgpilotError } from '../../src/errors.ts'

/** Numbers in 0..1 that are the same in every run (mulberry32). */
export function seeded (seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One to four changes: a byte replaced, a piece cut out, doubled, or put elsewhere. */
export function mutate (bytes: Buffer, random: () => number): Buffer {
  const below = (end: number) => Math.floor(random() * end)
  let mutant = Buffer.from(bytes)
  for (let left = 1 + below(4); left > 0; left--) {
    const at = below(mutant.length + 1)
    const piece = mutant.subarray(at, at + below(12))
    const kinds = [
      () => [mutant.subarray(0, at), Buffer.from([oddBytes[below(oddBytes.length)] ?? below(256)]), mutant.subarray(at + 1)],
      () => [mutant.subarray(0, at), mutant.subarray(at + below(40))],
      () => [mutant.subarray(0, at), piece, mutant.subarray(at)],
      () => [piece, mutant.subarray(0, at), mutant.subarray(at)],
      () => [mutant.subarray(0, at)],
    ]
    mutant = Buffer.concat(kinds[below(kinds.length)]?.() ?? [mutant])
  }
  return mutant
}

const oddBytes = [...Buffer.from('\0\r\n\t "\\<>;:=,@[]?%09-xv'), 0x7f, 0x80, 0xff]

/** Runs `read`, which may refuse with an NgpilotError other than `internal` and with nothing else. */
export function survives (read: () => unknown): boolean {
  try {
    read()
    return true
  } catch (error) {
    assert.ok(error instanceof NgpilotError && error.code !== 'internal', `threw ${String(error)}`)
    return false
  }
}

/**
 * How many times longer `read` takes for an input of four times the size: about 4 when it is linear, 16 when it is
 * quadratic. CPU time, and the best of several: whatever else runs can only make it longer.
 */
export function growth<Input> (shape: (size: number) => Input, size: number, read: (input: Input) => unknown): number {
  const [small, large] = [shape(size), shape(4 * size)]
  const time = (input: Input, repeats: number) => {
    const start = process.cpuUsage()
    for (let left = repeats; left > 0; left--) read(input)
    const { user, system } = process.cpuUsage(start)
    return user + system
  }
  const repeats = Math.ceil(1000 / Math.max(time(small, 1), time(large, 1), 10))
  const best = { small: Infinity, large: Infinity }
  for (let round = 0; round < 25 && (round < 4 || best.large / best.small > 5); round++) {
    best.small = Math.min(best.small, time(small, repeats))
    best.large = Math.min(best.large, time(large, repeats))
  }
  return best.large / best.small
}
