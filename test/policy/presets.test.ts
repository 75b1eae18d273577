import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadPolicy } from '../../src/policy/load.ts'
import { presetNames } from '../../src/policy/presets.ts'
import { knownWrong, pairs, runPair, samples, startNode } from './pairs.ts'

test('every preset has an endpoint to be tried with', () => assert.deepEqual(Object.keys(samples), presetNames))

test('between all presets rtpengine writes what the receiver takes, and knows every flag', async (t) => {
  const policy = await loadPolicy('policy')
  const node = await startNode(t)
  const wrong: string[] = []
  for (const pair of pairs) {
    const { from, to, sample, wrong: found } = await runPair(policy, node, pair)
    wrong.push(...found.filter((each) => !knownWrong.has(`${from} → ${to}: ${each}`)).map((each) => `${from} → ${to} (${sample}): ${each}`))
  }
  assert.deepEqual(wrong, [])
  assert.doesNotMatch(node.rtpengine.logs(), /unknown/i)
})
