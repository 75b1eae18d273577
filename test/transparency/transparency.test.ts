import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ensureTree } from '../../stack/tree.ts'
import { compare } from './compare.ts'
import { corpus } from './corpus.ts'

/** The rest of the corpus, JSON and the other versions run in `npm run test:transparency`. */
const some = corpus.filter(({ name }, index) => index % 50 === 3 || /^(subscribe|publish|music)/.test(name))

test(`rtpengine answers ${some.length} sequences of commands the same through ngpilot as straight`, async (t) => {
  const { commands, same, different } = await compare(t, some, { tree: await ensureTree(), format: 'bencode', version: '12.5' })
  assert.deepEqual(different, [])
  assert.equal(same, commands)
  assert.ok(commands > 300)
})
