import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import { policyJsonSchema } from '../../src/policy/json-schema.ts'
import { isOfFormat } from '../../src/policy/formats.ts'

const isValid = new Ajv({ formats: isOfFormat, strict: false }).compile(policyJsonSchema())

test('the schema that ships takes the policy that ships, and the file names it', async () => {
  const text = await readFile('policy/90-ngpilot.yaml', 'utf8')
  assert.match(text, /^# yaml-language-server: \$schema=policy\.schema\.json\n/)
  assert.ok(isValid(parse(text)), JSON.stringify(isValid.errors))
  assert.deepEqual(JSON.parse(await readFile('policy/policy.schema.json', 'utf8')), policyJsonSchema())
})

test('an editor sees unknown keys, words of rtpengine and types', () => {
  const profile = (entry: object) => ({ version: 1, profiles: { a: { extends: 'sip', ...entry } } })
  for (const good of [{ ng: { ICE: 'remove', SDES: ['order:x', 'pad'], codec: { strip: ['red'] }, TOS: 184 } }, { codecs: ['opus', 'pcmu'] }]) {
    assert.ok(isValid(profile(good)), JSON.stringify(isValid.errors))
  }
  for (const bad of [{ ng: { ICE: 'removed' } }, { ng: { flags: 'debug' } }, { ng: { foo: 'x' } }, { ng: { TOS: 300 } }, { ptim: 20 }, { codecs: [] }]) {
    assert.ok(!isValid(profile(bad)), JSON.stringify(bad))
  }
})
