import assert from 'node:assert/strict'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { decide } from '../../../src/policy/decide.ts'
import type { Compared } from '../../../src/policy/differences.ts'
import { answerTo } from '../../../src/policy/explanation.ts'
import { loadPolicy } from '../../../src/policy/load.ts'
import { recordOf } from '../../../src/policy/record.ts'
import type { CallFacts } from '../../../src/policy/types.ts'
import { policyDirectory } from '../../policy/directory.ts'
import { factsOf } from '../../policy/facts.ts'
import { chromium, phone } from '../../policy/offers.ts'
import { runPolicy } from './run.ts'

const old = `version: 1
profiles: { browser: { extends: webrtc }, phone: { extends: sip } }
endpoints: [{ profile: browser, match: { transport: wss } }, { profile: phone }]
`
/** The phones of one network have a profile of their own, and those of another are refused. */
const fresh = old.replace('phone: { extends: sip }', 'phone: { extends: sip }, desk: { extends: sip-sdes }')
  .replace('{ profile: phone }', '{ profile: desk, match: { address: 192.0.2.0/24 } }, { profile: phone }')
  + 'rules: [{ name: no, match: { callee: { address: 203.0.113.1 } }, reject: { code: 403, reason: No } }]\n'

const tests = 'version: 1\ntests: [{ name: plain, facts: { sender: { transport: wss }, receiver: { transport: udp, address: 192.0.2.1 } }, expect: { receiver: phone } }]\n'

const compared = async (args: string[]) => JSON.parse((await runPolicy([...args, '--format', 'json'])).out) as Compared & { oldTestsThatFail: string[] }

test('diff tells what two policies decide differently, over their tests and over facts', async (t) => {
  const [one, other] = [await policyDirectory(t, { 'a.yaml': old, 'a.test.yaml': tests }), await policyDirectory(t, { 'a.yaml': fresh })]
  const { out, code } = await runPolicy(['diff', one, other])
  assert.match(out, /^1 × offer browser → phone\n {4}receiver: phone → desk\n[^]* {4}flags\.transport-protocol: RTP\/AVP → RTP\/SAVP\n[^]*such as test "plain" \(call call-1\)\n\n1 decision: 0 the same, 1 different, in 1 way\nTests of the old policy that the new one fails: plain\n/)
  assert.equal(code, 1)
  const facts = join(one, 'facts.txt')
  await writeFile(facts, '- { receiver: { address: 203.0.113.1 } }\n- { receiver: { address: 198.51.100.1 } }\n')
  const { decisions, same, groups, oldTestsThatFail } = await compared(['diff', one, other, facts])
  assert.deepEqual([decisions, same, oldTestsThatFail, groups.map(({ differences }) => differences[0])], [3, 1, ['plain'], ['receiver: phone → desk', 'reject: nothing → 403']])
  assert.equal((await runPolicy(['diff', one, one, facts])).code, 0)
})

/** What an instance with the old policy records of calls to some addresses: an offer, its answer, a re-INVITE back. */
async function recorded (t: TestContext, directory: string, addresses: string[]): Promise<string> {
  const policy = await loadPolicy(directory)
  const lines: string[] = []
  const note = (facts: CallFacts) => {
    const decision = decide(policy, facts)
    lines.push(JSON.stringify(recordOf(`d${lines.length}`, facts, decision)))
    return { sender: decision.sender.name, receiver: decision.receiver.name }
  }
  for (const [index, address] of addresses.entries()) {
    const offer = factsOf({ callId: `call-${index}`, codecs: chromium, sender: { transport: 'wss' }, receiver: { transport: 'udp', address } })
    const answer = answerTo(offer, note(offer))
    note({ ...answer, ...factsOf({ ...answer, codecs: phone }) })
    note({ ...answer, command: 'offer' })
  }
  const file = join(await policyDirectory(t, {}), 'decisions.jsonl')
  await writeFile(file, lines.map((line) => `${line}\n`).join(''))
  return file
}

test('replay serves recorded calls from their first offer on, and counts what would change', async (t) => {
  const [one, other] = [await policyDirectory(t, { 'a.yaml': old }), await policyDirectory(t, { 'a.yaml': fresh })]
  const file = await recorded(t, one, ['192.0.2.1', '192.0.2.2', '198.51.100.1', '203.0.113.1'])
  assert.equal((await runPolicy(['replay', one, file])).code, 0, 'the same policy decides the same')

  const { decisions, same, different, moot, groups } = await compared(['replay', other, file])
  assert.deepEqual({ decisions, same, different, moot }, { decisions: 12, same: 3, different: 7, moot: 2 })
  // The answers and re-INVITEs of a call go by the profile that the new policy gave its callee, not by the recorded one.
  const told = groups.map(({ command, count, differences, examples }) => [command, count, differences[0], examples[0]])
  assert.deepEqual(told, [
    ['offer', 2, 'receiver: phone → desk', { name: 'd0', callId: 'call-0' }],
    ['answer', 2, 'sender: phone → desk', { name: 'd1', callId: 'call-0' }],
    ['offer', 2, 'sender: phone → desk', { name: 'd2', callId: 'call-0' }],
    ['offer', 1, 'reject: nothing → 403', { name: 'd9', callId: 'call-3' }],
  ])
  const { out } = await runPolicy(['replay', other, file])
  assert.match(out, /such as d0 \(call call-0\), d3 \(call call-1\)/)
  assert.match(out, /12 decisions: 3 the same, 7 different, in 4 ways, 2 that would not come, as their calls are refused/)
  assert.match((await runPolicy(['explain', file, other, '--only', 'd0'])).out, /^offer, call call-0, decision d0, /)
})

test('replay leaves out a line that was cut short, and says so', async (t) => {
  const directory = await policyDirectory(t, { 'a.yaml': old })
  const file = await recorded(t, directory, ['192.0.2.1'])
  await appendFile(file, '{"id":"d9","facts":{"comm')
  const { out, errors, code } = await runPolicy(['replay', directory, file])
  assert.match(out, /^3 decisions: 3 the same, none different/)
  assert.match(errors, /decisions\.jsonl: left out 1 of 4 lines, which are no records of decisions; the first is line 4/)
  assert.equal(code, 0)
  assert.match((await runPolicy(['replay', directory])).errors, /replay takes a record of decisions, a file, which ngpilot writes where the setting decisions\.recordFile says\n$/)
  assert.match((await runPolicy(['replay', directory, 'nowhere.jsonl'])).errors, /there is no file or directory "nowhere\.jsonl"/)
})

test('says what is wrong with a record that is none, or empty, and reads one whose first line was cut off', async (t) => {
  const directory = await policyDirectory(t, {
    'a.yaml': old, 'empty.jsonl': '\n\n', 'kamailio.cfg': '# ours\nloadmodule "tm.so"\n', 'facts.txt': 'sender: { transport: wss }\n',
  })
  const takes = 'this takes a record of decisions, a file, which ngpilot writes where the setting decisions.recordFile says'
  for (const [file, message] of [
    ['empty.jsonl', `is empty; ${takes}`],
    ['kamailio.cfg', `is a configuration of Kamailio; "ngpilot policy import" reads the flags in it; ${takes}`],
    ['facts.txt', 'is no record of decisions, but messages; "ngpilot policy diff" takes those'],
  ] as const) {
    const { out, errors, code } = await runPolicy(['replay', directory, join(directory, file)])
    assert.deepEqual([out, errors, code], ['', `ngpilot: ${join(directory, file)} ${message}\n`, 2])
  }
  const file = await recorded(t, directory, ['192.0.2.1'])
  await writeFile(file, `cut":"off"}\n${await readFile(file, 'utf8')}`)
  assert.match((await runPolicy(['replay', directory, file])).out, /^3 decisions: 3 the same/)
})
