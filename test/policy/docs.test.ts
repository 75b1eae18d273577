import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { decide } from '../../src/policy/decide.ts'
import { factsFrom, type FactsEntry } from '../../src/policy/facts-file.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import { recordOf } from '../../src/policy/record.ts'
import { runPolicy } from '../cli/policy/run.ts'
import { sdpFile } from '../support/calls.ts'
import { policyDirectory } from './directory.ts'

/** The YAML of a page that is policy: files of one, and tests of it. */
async function policyIn (page: string): Promise<Record<string, string>> {
  const text = await readFile(page, 'utf8')
  const examples = Array.from(text.matchAll(/```yaml\n([^]*?)```/g), ([, example = '']) => example).filter((example) => /^(?:version|sets|rules):/.test(example))
  assert.ok(examples.length > 0)
  return Object.fromEntries(examples.map((example, index) => [
    `${index}${/^tests:/m.test(example) ? '.test' : ''}.yaml`, example.startsWith('version') ? example : `version: 1\n${example}`,
  ]))
}

for (const page of ['README.md', 'docs/policy.md']) {
  test(`the policies in ${page} are what it says: policies, whose tests pass`, async (t) => {
    const { out, errors, code } = await runPolicy(['test', await policyDirectory(t, await policyIn(page))])
    assert.equal(code, 0, out + errors)
  })
}

test('the policy of README.md, in ten lines, makes a browser and a trunk understand each other in both directions', async (t) => {
  const files = await policyIn('README.md')
  assert.ok(Object.values(files).join('').trim().split('\n').length <= 10)
  const policy = await loadPolicy(await policyDirectory(t, files))
  const [browser, trunk] = [{ transport: 'wss' }, { transport: 'udp', address: '198.51.100.1' }]
  const flagsOf = (entry: FactsEntry) => decide(policy, factsFrom({ ...entry, sdp: { codecs: ['opus', 'PCMU', 'telephone-event'] } })).flags
  const to = flagsOf({ sender: browser, receiver: trunk })
  assert.deepEqual([to['transport-protocol'], to['ICE'], to['DTLS'], to['rtcp-mux']], ['RTP/AVP', 'remove', 'off', ['demux']])
  assert.equal(flagsOf({ command: 'answer', sender: trunk, receiver: browser })['ICE'], 'force')
  const from = flagsOf({ sender: trunk, receiver: browser })
  assert.deepEqual([from['transport-protocol'], from['ICE'], from['SDES']], ['UDP/TLS/RTP/SAVPF', 'force', ['off']])
  assert.equal(flagsOf({ command: 'answer', sender: browser, receiver: trunk })['ICE'], 'remove')
})

test('the commands of docs/policy.md do what it says', async (t) => {
  const page = await readFile('docs/policy.md', 'utf8')
  const [directory, next] = [await policyDirectory(t, await policyIn('docs/policy.md')), await policyDirectory(t, await policyIn('docs/policy.md'))]
  const script = /```\n(route\[MEDIA\] [^]*?)```/.exec(page)?.[1] ?? ''
  const invite = `INVITE sip:19001@example.com SIP/2.0\r\nVia: SIP/2.0/WSS a.invalid;branch=z9hG4bK1\r\nFrom: <sip:a@example.com>;tag=a\r\n`
    + 'To: <sip:19001@example.com>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n\r\n'
  const facts = factsFrom({ sender: { transport: 'wss' }, receiver: { transport: 'udp', address: '203.0.113.9' } })
  const elsewhere = await policyDirectory(t, { 'kamailio.cfg': script, 'invite.txt': invite + sdpFile('chromium-audio-gathered-loopback').toString() })
  await writeFile(join(elsewhere, 'decisions.jsonl'), `${JSON.stringify(recordOf('ID', facts, decide(await loadPolicy(directory), facts)))}\n`)
  const places: Record<string, string> = {
    '/etc/kamailio/kamailio.cfg': join(elsewhere, 'kamailio.cfg'), 'my-policy/': directory, 'policy/': directory, 'policy-next/': next,
    'invite.txt': join(elsewhere, 'invite.txt'), 'decisions.jsonl': join(elsewhere, 'decisions.jsonl'),
  }
  const commands = Array.from(page.matchAll(/^ngpilot policy (.+?)(?: +# .*)?$/gm), ([, command = '']) => command)
  const seen = new Map<string, string>()
  for (const command of commands) {
    const words = Array.from(command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g), ([, double, single, bare]) => double ?? single ?? bare ?? '')
    const { out, errors, code } = await runPolicy(words.map((word) => places[word] ?? word))
    // The strings of the script are wrong on purpose.
    assert.equal(code, words[0] === 'import' ? 1 : 0, `${command}\n${out}${errors}`)
    seen.set(words[0] ?? '', out)
  }
  assert.deepEqual([...seen.keys()], ['import', 'check', 'test', 'explain', 'diff', 'replay'])
  assert.match(seen.get('replay') ?? '', /^1 decision: 1 the same/)
})
