import assert from 'node:assert/strict'
import test from 'node:test'
import { check, repair, rules, type LegKind, type RuleFacts } from '../../src/sdp/conformance.ts'
import { readLoosely } from '../../src/sdp/parse.ts'
import type { Sdp } from '../../src/sdp/sdp.ts'
import { viewOf } from '../../src/sdp/view.ts'
import { growth, mutate, seeded } from './hostile.ts'
import { sample, sampleNames, sdpFrom } from './samples.ts'

const kinds: LegKind[] = ['web', 'plain', 'sdes', 'dtls', 'osrtp']

function everyRule (sdp: Sdp, other: Sdp, forKinds = kinds): void {
  const [seen, across] = [viewOf(sdp), viewOf(other)]
  for (const kind of forKinds) {
    for (const role of ['offer', 'answer'] as const) {
      const facts: RuleFacts = {
        direction: 'out', role, leg: { name: kind, kind, codecs: ['PCMU'], media: ['audio'], family: 'IP6' }, transport: 'udp', isPublic: true,
        offer: across, previous: across, otherAnswer: across, across, isTranscoding: false, previousOfPeer: across,
      }
      for (const finding of [...check(seen, facts), ...check(seen, { ...facts, direction: 'in' })]) {
        assert.doesNotMatch(JSON.stringify([finding.evidence, finding.detail]), /[\x7f-\x9f]|\\u00[01]/, finding.id)
        assert.doesNotMatch(JSON.stringify(finding), /inline:[A-Za-z0-9+/]{20}/, finding.id)
        assert.ok(finding.evidence.length > 0 && finding.evidence.length <= 6, finding.id)
      }
      repair(sdp, rules, facts)
    }
  }
}

test('2,000 broken SDPs: a list of findings each, no key and no control character in any', () => {
  const random = seeded(488)
  const names = sampleNames()
  const pick = () => sample(names[Math.floor(random() * names.length)] ?? '')
  for (let count = 0; count < 2000; count++) {
    everyRule(readLoosely(mutate(pick(), random)).sdp, readLoosely(mutate(pick(), random)).sdp, [kinds[count % kinds.length] ?? 'web'])
  }
})

test('takes time in proportion to the size', () => {
  const head = ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0', 'm=audio 9 RTP/SAVP 0']
  const shapes = [
    (size: number) => sdpFrom(...head, 'a=x\r\n'.repeat(size / 5)),
    (size: number) => sdpFrom(...head, 'a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n'.repeat(size / 44)),
    (size: number) => sdpFrom(...head, 'a=crypto:1 NULL_HMAC_SHA1_80 inline:AAAA\r\n'.repeat(size / 44)),
    (size: number) => sdpFrom(...head, `a=fingerprint:sha-256 ${'4A:'.repeat(size / 3)}`),
    (size: number) => sdpFrom(...head.slice(0, 5), 'm=audio 9 RTP/AVP 0\r\n'.repeat(Math.min(99, size / 20))),
    (size: number) => sdpFrom(...head, `a=crypto:1 X inline:${'A|'.repeat(size / 2)}`),
  ]
  for (const shape of shapes) {
    assert.ok(growth((size) => readLoosely(shape(size)).sdp, 4 * 1024, (sdp) => { everyRule(sdp, sdp, ['sdes']) }) < 9)
  }
})

test('a repaired SDP no longer trips the rule, and repairing twice changes nothing more', () => {
  for (const name of sampleNames()) {
    const { sdp } = readLoosely(sample(name))
    for (const kind of kinds) {
      const facts: RuleFacts = { direction: 'out', role: 'offer', leg: { name: kind, kind } }
      for (const rule of rules.filter((each) => each.repair)) {
        const once = repair(sdp, [rule], facts)
        const isLeft = check(viewOf(once), facts).some(({ id }) => id === rule.id)
        // The last key of an m-line stays, however weak.
        if (isLeft) assert.ok(['SDES-02', 'SDES-05', 'ANY-07'].includes(rule.id), `${rule.id} in ${name}`)
        assert.deepEqual(repair(once, [rule], facts), once)
      }
    }
  }
})
