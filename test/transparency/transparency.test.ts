import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ensureTree } from '../../stack/tree.ts'
import { compare } from './compare.ts'
import { corpus } from './corpus.ts'

/** The rest of the corpus, and the other versions, run in `npm run test:transparency`. */
const some = corpus.filter((_, index) => index % 10 === 3)

for (const format of ['bencode', 'JSON'] as const) {
  test(`rtpengine answers ${some.length} sequences of commands in ${format} the same through ngpilot as straight`, async (t) => {
    const { commands, same, different } = await compare(t, some, { tree: await ensureTree(), format })
    assert.deepEqual(different, [])
    assert.equal(same, commands)
    assert.ok(commands > 500)
  })
}
