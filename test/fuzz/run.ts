import { mutated, randomSource } from './random.ts'
import type { Target } from './target.ts'

export interface FuzzResult { inputs: number, taken: number, refused: number, slowestMs: number, heapMegabytes: number }

/**
 * Feeds a target with changed inputs until there were `inputs` of them or `withinMs` are over.
 * @throws Error with seed, number and the input itself when one has a fate that it may not have, or takes a second.
 */
export async function fuzz (
  target: Target, { inputs, withinMs = Infinity, seed }: { inputs: number, withinMs?: number, seed: number },
): Promise<FuzzResult> {
  const random = randomSource(seed)
  const result = { inputs: 0, taken: 0, refused: 0, slowestMs: 0, heapMegabytes: 0 }
  const startedAt = performance.now()
  // What a run keeps at most (words, answers) is there after the first tenth.
  let heapThen = 0
  const prototypes = [Object.prototype, Array.prototype, Map.prototype].map((prototype) => Reflect.ownKeys(prototype).length)
  while (result.inputs < inputs && performance.now() - startedAt < withinMs) {
    const input = mutated(target.seeds, target.alphabet, random)
    const before = performance.now()
    try {
      result[await target.run(input, random)]++
    } catch (error) {
      throw new Error(`${target.name}, seed ${seed}, input ${result.inputs}: ${String(error)}\n${JSON.stringify(input.toString('latin1'))}`, { cause: error })
    }
    const took = performance.now() - before
    result.slowestMs = Math.max(result.slowestMs, took)
    if (took > 1000) throw new Error(`${target.name}, seed ${seed}, input ${result.inputs} took ${took.toFixed(0)} ms`)
    if (++result.inputs === 20_000) heapThen = heapUsed()
    if (result.inputs % 1000 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const now = [Object.prototype, Array.prototype, Map.prototype].map((prototype) => Reflect.ownKeys(prototype).length)
  if (now.join() !== prototypes.join()) throw new Error(`${target.name}: a prototype has been changed`)
  result.heapMegabytes = heapThen === 0 ? 0 : (heapUsed() - heapThen) / 1024 ** 2
  return result
}

/** After a collection where Node lets us ask for one (--expose-gc). */
function heapUsed (): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
}
