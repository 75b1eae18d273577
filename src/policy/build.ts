import { setImmediate as nextTurn } from 'node:timers/promises'
import { NgpilotError } from '../errors.ts'
import { judge, judgeAside, placeKey, type GoodFile } from './aside.ts'
import { compileSteps, type CompileSource } from './compile.ts'
import { forgetExpressions } from './expression.ts'
import { revisionOf } from './load.ts'
import type { PolicyProblem } from './problem.ts'
import type { PolicyText } from './texts.ts'
import type { Policy } from './types.ts'

/** Compiling goes on for so long before others have their turn. */
const sliceMs = 4

/** A policy in force, and the files that it was made of. */
export interface BuiltPolicy { policy: Policy, texts: PolicyText[] }

/**
 * A policy from its files, its tests passed, made while requests go on: checked in a thread of its own, and compiled in
 * slices while its tests run there. `isAlone`: nothing else waits, at a start, so that it is quicker here.
 *
 * @throws NgpilotError `policy_invalid` with every problem, or every test that fails
 */
export async function buildPolicy (texts: readonly (PolicyText | PolicyProblem)[], isAlone = false): Promise<BuiltPolicy> {
  forgetExpressions()
  let compiling: Promise<Policy> | undefined
  const compile = (files: GoodFile[]) => {
    compiling = compileInSlices(files, isAlone ? Infinity : sliceMs)
    compiling.catch(() => undefined) // Whoever waits for it hears of it; with tests that fail nobody does.
  }
  const problem = isAlone ? judge(texts, compile) : await judgeAside(texts, compile)
  if (problem !== undefined || !compiling) throw new NgpilotError('policy_invalid', problem ?? 'there is no file')
  return { policy: await compiling, texts: texts.filter((text) => 'text' in text) }
}

async function compileInSlices (files: GoodFile[], forMs: number): Promise<Policy> {
  const steps = compileSteps(files.map(sourceOf))
  for (let slice = performance.now(); ;) {
    const { done, value } = steps.next()
    if (done) return { revision: revisionOf(files), ...value }
    if (performance.now() - slice < forMs) continue
    await nextTurn()
    slice = performance.now()
  }
}

function sourceOf ({ file, value, places }: GoodFile): CompileSource {
  return {
    value,
    place ({ path }) {
      const [line, column] = places.get(placeKey(path)) ?? places.get(placeKey([])) ?? [0, 0]
      return { file, line, column }
    },
  }
}
