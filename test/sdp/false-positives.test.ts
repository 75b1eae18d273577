import assert from 'node:assert/strict'
import test from 'node:test'
import { check, type Leg, type LegKind, type RuleFacts } from '../../src/sdp/conformance.ts'
import { parseSdp } from '../../src/sdp/parse.ts'
import { viewOf } from '../../src/sdp/view.ts'
import { cleaned, view } from './cases.ts'
import { sample, sampleNames } from './samples.ts'

/** What no endpoint sends: one fault each, part of a trickle, and what rtpengine makes of them. */
const isReal = (name: string) => !/^(?:bad-|out\d|trickle-fragment)/.test(name)

const kindOf = (name: string): LegKind => {
  if (/chromium|firefox|safari|webrtc/.test(name)) return 'web'
  if (/osrtp/.test(name)) return 'osrtp'
  if (/dtls/.test(name)) return 'dtls'
  return /sdes|srtp|teams|twilio|audiocodes/.test(name) ? 'sdes' : 'plain'
}

/** A leg such as the one that wrote the SDP. */
const legOf = (name: string): Leg => ({
  name, kind: kindOf(name), takesIce: /teams-like-bypass/.test(name), takesMux: true, takesKeyParameters: true,
})

const errors = (facts: RuleFacts, name: string) =>
  check(view(sample(name)), facts).filter(({ severity }) => severity === 'error').map(({ id }) => id)

for (const name of sampleNames().filter(isReal)) {
  const facts = {
    role: /answer/.test(name) ? 'answer' : 'offer', leg: legOf(name), transport: 'tls', isPublic: false, isAgain: /hold|reoffer/.test(name),
  } as const
  test(`no error in what ${name} sends, nor for a peer of its kind`, () => {
    assert.deepEqual(errors({ ...facts, direction: 'in' }, name), [])
    assert.deepEqual(errors({ ...facts, direction: 'out' }, name), [])
  })
}

const pairs = [
  ['chromium-audio-gathered', 'chromium-audio-answer'], ['firefox-audio-gathered', 'firefox-audio-answer'],
  ['chromium-av-reoffer-video-added', 'chromium-av-answer-video-recvonly'], ['chromium-av-gathered', 'chromium-av-answer-video-rejected'],
] as const
for (const [offer, answer] of pairs) {
  test(`no error in ${answer} as the answer to ${offer}`, () => {
    const facts = { role: 'answer', leg: legOf(answer), isPublic: false, offer: view(sample(offer)) } as const
    assert.deepEqual(errors({ ...facts, direction: 'in' }, answer), [])
    assert.deepEqual(errors({ ...facts, direction: 'out' }, answer), [])
  })
}

/** From what rtpengine made of it by the presets' flags: receiver of the SDP by the file's name. */
const outputs: [RegExp, LegKind, 'offer' | 'answer', string[] | undefined][] = [
  [/to-plain.*-offer$/, 'plain', 'offer', ['PCMU', 'PCMA', 'telephone-event']],
  [/webrtc-to-sdes-offer$/, 'sdes', 'offer', ['PCMU', 'PCMA', 'telephone-event']],
  [/(?:webrtc|av)-to-(?:plain|sdes).*-answer$/, 'web', 'answer', undefined],
  [/plain-to-webrtc.*-offer$/, 'web', 'offer', undefined],
  [/plain-to-webrtc.*-answer$/, 'plain', 'answer', undefined],
]
for (const [pattern, kind, role, codecs] of outputs) {
  const names = sampleNames().filter((name) => /^out1/.test(name) && pattern.test(name) && !/common-flags|no-sdes-off/.test(name))
  for (const name of names) {
    test(`no error in ${name}, cleaned or not, and no leak when cleaned`, () => {
      const facts: RuleFacts = { direction: 'out', role, leg: { name: kind, kind, ...codecs && { codecs } }, transport: 'tls', isPublic: false }
      assert.deepEqual(errors(facts, name), [])
      if (kind === 'web') return
      const repaired = viewOf(cleaned(parseSdp(sample(name)), role))
      assert.deepEqual(check(repaired, facts).map(({ id }) => id), [])
    })
  }
}
