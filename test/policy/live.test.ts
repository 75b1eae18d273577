import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { runPolicy } from '../cli/policy/run.ts'
import { until } from '../state/contract.ts'
import { sdpFile } from '../support/calls.ts'
import { policyDirectory } from './directory.ts'

const policy = `version: 1
profiles: { browser: { extends: webrtc }, phone: { extends: sip } }
endpoints: [{ profile: browser, match: { transport: wss } }, { profile: phone, match: { header: { Authorization: { present: false } } } }, { profile: phone }]
`

test('decisions of a live ngpilot: explained, logged, recorded without secrets, counted against the candidate, replayed', async (t) => {
  const candidate = policy.replace('extends: sip }', 'extends: sip, ptime: 30 }')
  const [directory, next, elsewhere] = [await policyDirectory(t, { 'a.yaml': policy }), await policyDirectory(t, { 'a.yaml': candidate }), await policyDirectory(t, {})]
  const [config, record] = [join(elsewhere, 'ngpilot.yaml'), join(elsewhere, 'decisions.jsonl')]
  const settings = (percent: number) => `policy: { directory: ${directory}, candidateDirectory: ${next}, canaryPercent: ${percent}, isWatched: false }
decisions: { log: full, recordFile: ${record} }
`
  await writeFile(config, settings(0))
  const rtpengine = await startRtpengine(t)
  const ngpilot = await startNgpilot(t, { env: { NGPILOT_CONFIG: config, NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${rtpengine.port}` } })
  const { revision, candidate: { revision: fresh } } = await (await fetch(`${ngpilot.url}/v1/policy`)).json() as { revision: string, candidate: { revision: string } }

  const sdp = sdpFile('chromium-audio-gathered-loopback').toString()
  const invite = async (callId: string) => {
    const lines = [
      'INVITE sip:bob@example.com SIP/2.0', 'Via: SIP/2.0/WSS 127.0.0.1;branch=z9hG4bK1', 'From: <sip:alice:hunter2@example.com>;tag=a',
      'To: <sip:bob@example.com>', `Call-ID: ${callId}`, 'CSeq: 1 INVITE', 'Authorization: Digest response="hunter3"', 'Content-Type: application/sdp', '', sdp,
    ]
    const headers = { 'content-type': 'message/sip', 'ngpilot-source': 'sip:127.0.0.1:4000;transport=wss', 'ngpilot-destination': 'sip:127.0.0.1:5060' }
    const reply = await fetch(`${ngpilot.url}/v1/sip`, { method: 'POST', headers, body: lines.join('\r\n') })
    assert.equal(reply.status, 200, await reply.text())
  }
  const logged = () => ngpilot.logs().split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>)
  const decisions = () => logged().filter(({ msg }) => msg === 'decision')
  await invite('call-1')

  await until(() => decisions().length === 1)
  const [line] = decisions()
  assert.deepEqual([line?.['callId'], line?.['sender'], line?.['receiver'], line?.['revision'], line?.['rules']], ['call-1', 'browser', 'phone', revision, []])
  const id = String(line?.['decision'])
  const { timeline } = await (await fetch(`${ngpilot.url}/v1/calls/call-1`)).json() as { timeline: { detail: string }[] }
  assert.ok(timeline.some(({ detail }) => detail.includes(id)), 'the timeline has the id of the decision')

  const { out, code } = await runPolicy(['explain', 'call-1', '--url', ngpilot.url])
  assert.match(out, new RegExp(`^offer, call call-1, decision ${id}, policy ${revision}\n`))
  assert.match(out, /From +sip:alice:\[masked\]@example\.com\n/)
  assert.equal(code, 0)
  assert.match((await runPolicy(['explain', 'call-1', next, '--url', ngpilot.url])).out, new RegExp(`policy ${fresh}\n[^]*ptime +30 +profile phone: ptime`))
  assert.match((await runPolicy(['explain', 'nobody', '--url', ngpilot.url])).errors, /as a call-id: no decision on a call nobody is remembered/)
  // UDP alone does not tell that it is 12.5.
  let checked = ''
  await until(async () => (checked = (await runPolicy(['check', directory, '--url', ngpilot.url])).out) !== '')
  assert.match(checked, /\(for rtpengine 11\.3 and newer\)/)
  const later = await policyDirectory(t, { 'a.yaml': policy.replace('extends: sip }', 'extends: sip, ng: { flags: [static-codecs] } }') })
  const unsure = await runPolicy(['check', later, '--url', ngpilot.url])
  assert.match(unsure.out, /warning NG-02: .*it came with 12\.2; a node has told no more than 11\.3 or newer/)
  assert.equal(unsure.code, 0)

  // The shadow is asked after the request has gone on.
  const shadowed = async () => /^ngpilot_policy_shadow_decisions_total\{result="different"\} (\d+)$/m.exec(await (await fetch(`${ngpilot.url}/metrics`)).text())?.[1]
  assert.equal(await shadowed(), '1')
  assert.deepEqual(logged().find(({ msg }) => msg === 'the candidate decides otherwise')?.['differences'], ['flags.ptime: nothing → 30'])

  await writeFile(config, settings(100))
  process.kill(ngpilot.pid, 'SIGHUP')
  for (let isFresh = false, tries = 0; !isFresh; tries++) {
    assert.ok(tries < 500, 'the canary never came')
    await invite(`canary-${tries}`)
    await until(() => decisions().some(({ callId }) => callId === `canary-${tries}`))
    isFresh = decisions().at(-1)?.['revision'] === fresh
  }

  await ngpilot.stop()
  const recorded = await readFile(record, 'utf8')
  assert.equal(recorded.trim().split('\n').length, decisions().length)
  assert.doesNotMatch(recorded + ngpilot.logs(), /hunter[23]/)
  const replayed = await runPolicy(['replay', next, record])
  assert.match(replayed.out, /^\d+ × offer browser → phone\n {4}flags\.ptime: nothing → 30\n/)
})
