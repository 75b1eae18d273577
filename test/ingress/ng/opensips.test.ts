import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NgDictionary, NgValue } from '../../../src/ng/types.ts'
import { outline, sdpFile } from '../../support/calls.ts'
import { policyOf } from '../../policy/directory.ts'
import { startIngress, trusting } from './ingress.ts'

/**
 * What the rtpengine module of OpenSIPS 3 sends: the SDP first and the command last, words that it does not know as flags,
 * `key=value` as a string, `address family` with a space; and it never says what it `supports`. Debian has no OpenSIPS.
 */
function opensips (
  command: string, tags: { from: string, to?: string },
  { sdp, words = [], keys = {}, branch }: { sdp?: Buffer, words?: string[], keys?: NgDictionary, branch?: string } = {},
): NgDictionary {
  const replaced = words.filter((word) => word.startsWith('replace-')).map((word) => word.slice('replace-'.length))
  const mux = words.filter((word) => word.startsWith('rtcp-mux-')).map((word) => word.slice('rtcp-mux-'.length))
  const protocol = words.find((word) => word.includes('RTP/'))
  const flags = words.filter((word) => word !== protocol && !/^(replace|rtcp-mux)-/.test(word))
  return {
    ...(sdp && { sdp }), ...keys,
    ...(flags.length > 0 && { flags }), ...(replaced.length > 0 && { replace: replaced }),
    ...(protocol !== undefined && { 'transport-protocol': protocol }), ...(mux.length > 0 && { 'rtcp-mux': mux }),
    'call-id': 'c1@opensips', ...(branch !== undefined && { 'via-branch': branch }), 'received-from': ['IP4', '127.0.0.1'],
    'from-tag': tags.from, ...(tags.to !== undefined && { 'to-tag': tags.to }), command,
  }
}

const phone = sdpFile('answer-plain-pcmu')
const browser = sdpFile('chromium-audio-gathered-loopback')
const toPhone = { words: ['RTP/AVP', 'replace-origin', 'rtcp-mux-demux', 'SDES-off', 'trust-address'], keys: { ICE: 'remove', 'address family': 'IP4' } }
const toBrowser = { words: ['UDP/TLS/RTP/SAVPF', 'replace-origin', 'rtcp-mux-offer', 'SDES-off', 'trust-address'], keys: { ICE: 'force' } }
const first = (sdp: NgValue | undefined) => outline(sdp as Buffer).media[0] ?? ''

test('OpenSIPS: a script that trusts in its own flags gets by them what it got from rtpengine', async (t) => {
  const { caller, emptied } = await startIngress(t, { policy: await policyOf(t, trusting) })
  assert.deepEqual(await caller.ask({ command: 'ping' }), { result: 'pong' })
  const offered = await caller.ask(opensips('offer', { from: 'a' }, { sdp: browser, ...toPhone, branch: 'z9hG4bK.1' }))
  assert.match(first(offered.sdp), /^m=audio PORT RTP\/AVP /)
  const answered = await caller.ask(opensips('answer', { from: 'a', to: 'b' }, { sdp: phone, ...toBrowser, branch: 'z9hG4bK.1' }))
  assert.match(first(answered.sdp), /^m=audio PORT UDP\/TLS\/RTP\/SAVPF /)
  // Its $rtpstat and $rtpquery read these.
  const { totals, tags, created, result } = await caller.ask(opensips('query', { from: 'a', to: 'b' }))
  assert.deepEqual([result, typeof created, Object.keys(tags as NgDictionary).sort()], ['ok', 'number', ['a', 'b']])
  assert.ok((totals as Record<string, NgDictionary>).RTP && (totals as Record<string, NgDictionary>).RTCP)
  // A BYE of the callee; a delete has no to-tag.
  const deleted = await caller.ask(opensips('delete', { from: 'b' }))
  assert.ok(deleted.result === 'ok' && deleted.totals)
  await emptied()
})

test('OpenSIPS: where the policy has a say, a call goes on by profiles; a late offer and its answer in the ACK too', async (t) => {
  const { caller, emptied } = await startIngress(t)
  const hints = { keys: { proto: 'wss' } }
  const offered = await caller.ask(opensips('offer', { from: 'a' }, { sdp: browser, ...hints }))
  assert.match(first(offered.sdp), /^m=audio PORT RTP\/AVP /)
  assert.match(first((await caller.ask(opensips('answer', { from: 'a', to: 'b' }, { sdp: phone }))).sdp), /SAVPF/)
  assert.equal((await caller.ask(opensips('delete', { from: 'a' }))).result, 'ok')
  await emptied()
  // The 200 holds the offer: its sender is the callee. The ACK holds the answer, and the module turns the tags around.
  const late = await caller.ask(opensips('offer', { from: 'b', to: 'a' }, { sdp: phone }))
  assert.match(first(late.sdp), /^m=audio PORT RTP\/AVP /)
  assert.match(first((await caller.ask(opensips('answer', { from: 'b', to: 'a' }, { sdp: phone }))).sdp), /^m=audio PORT RTP\/AVP 0/)
  assert.equal((await caller.ask(opensips('delete', { from: 'b' }))).result, 'ok')
  await emptied()
})
