import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { loadPolicy } from '../../src/policy/load.ts'
import { policyDirectory } from './directory.ts'

for (const page of ['README.md', 'docs/policy.md']) {
  test(`the policies in ${page} are what it says: policies`, async (t) => {
    const text = await readFile(page, 'utf8')
    const examples = Array.from(text.matchAll(/```yaml\n([^]*?)```/g), ([, example = '']) => example).filter((example) => /^(?:version|sets|rules):/.test(example))
    assert.ok(examples.length > 0)
    const files = examples.map((example, index) => [`${index}.yaml`, example.startsWith('version') ? example : `version: 1\n${example}`])
    await loadPolicy(await policyDirectory(t, Object.fromEntries(files) as Record<string, string>))
  })
}
