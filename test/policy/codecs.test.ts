import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codecFlags } from '../../src/policy/codecs.ts'
import { chromium, codecs, firefox, phone } from './offers.ts'

const browser = ['opus', 'PCMU', 'telephone-event']
const g711 = ['PCMU', 'PCMA', 'telephone-event']
const pcmu = ['PCMU', 'telephone-event']
const trunk = ['G729', 'telephone-event']
const red = codecs('red/48000')

type List = string[] | undefined

const cases: [about: string, sender: List, receiver: List, offer: typeof phone, codec: unknown][] = [
  ['a receiver without a list sees all', undefined, undefined, chromium, undefined],
  ['a receiver without a list sees what the sender\'s has', browser, undefined, chromium, { strip: ['red', 'G722', 'PCMA', 'CN'] }],
  ['a receiver whose list has all sees all', g711, g711, phone, undefined],
  ['a receiver sees only its list', undefined, g711, chromium, { strip: ['opus', 'red', 'G722', 'CN'] }],
  ['a receiver without DTMF sees none', g711, ['PCMU', 'PCMA'], phone, { strip: ['telephone-event'] }],

  ['a browser keeps opus towards a phone', browser, pcmu, chromium, { consume: ['opus'], strip: ['red', 'G722', 'PCMA', 'CN'] }],
  ['Firefox keeps PCMU, which its DTMF goes with', browser, pcmu, firefox, { strip: ['opus', 'G722', 'PCMA'] }],
  ['Firefox keeps opus where the phone takes no DTMF', browser, ['PCMU'], firefox,
    { consume: ['opus'], strip: ['G722', 'PCMA', 'telephone-event'] }],
  ['a browser that offers no DTMF keeps opus', browser, pcmu, codecs('opus/48000 PCMU/8000'), { consume: ['opus'] }],
  ['a browser that offers only opus keeps it, DTMF or not', browser, pcmu, codecs('opus/48000 telephone-event/8000'),
    { consume: ['opus'], transcode: ['PCMU'] }],
  ['a browser that offers no opus speaks PCMU', browser, g711, codecs('PCMU/8000 telephone-event/8000'), undefined],
  ['a preferred codec that is not offered does not count', ['speex', 'PCMU'], pcmu, phone, { strip: ['PCMA', 'telephone-event'] }],

  ['a phone\'s call reaches a browser as opus', g711, browser, phone, { mask: ['all'], transcode: ['opus', 'PCMU', 'telephone-event'] }],
  ['a phone is not answered with what its list lacks', g711, browser, codecs('G722/8000 PCMU/8000 GSM/8000 telephone-event/8000'),
    { mask: ['all'], strip: ['G722', 'GSM'], accept: ['PCMU'], transcode: ['opus', 'PCMU', 'telephone-event'] }],
  ['a phone that knows only PCMA reaches a browser as opus', g711, browser, codecs('PCMA/8000 telephone-event/8000'),
    { consume: ['PCMA'], transcode: ['opus', 'PCMU'] }],
  ['a phone that offers opus beyond its list reaches a browser as PCMU', g711, browser,
    codecs('opus/48000 PCMU/8000 PCMA/8000 telephone-event/8000'), { strip: ['opus', 'PCMA'] }],
  ['a phone that is given opus reaches a browser without transcoding', ['opus', ...g711], browser,
    codecs('opus/48000 PCMU/8000 PCMA/8000 telephone-event/8000'), { strip: ['PCMA'] }],
  ['a browser that leaves opus out of its offer is not transcoded to another', browser, browser, codecs('PCMU/8000 telephone-event/8000'), undefined],

  ['a G.729 trunk gets G.729 from a browser that keeps opus', browser, trunk, chromium,
    { consume: ['opus'], strip: ['red', 'G722', 'PCMU', 'PCMA', 'CN'], transcode: ['G729'] }],
  ['a G.729 trunk gets G.729 from Firefox on PCMU, so that DTMF stays', browser, trunk, firefox,
    { consume: ['PCMU'], strip: ['opus', 'G722', 'PCMA'], transcode: ['G729'] }],
  ['a G.729 trunk calls a phone', trunk, g711, codecs('G729/8000 telephone-event/8000'), { consume: ['G729'], transcode: ['PCMU', 'PCMA'] }],
  ['a G.729 trunk calls a browser', trunk, browser, codecs('G729/8000 telephone-event/8000'), { consume: ['G729'], transcode: ['opus', 'PCMU'] }],
  ['both sides get the codec they like best, in the receiver\'s order', ['G722', 'PCMU'], browser, codecs('G722/8000 PCMU/8000'),
    { consume: ['G722'], strip: ['PCMU'], transcode: ['opus', 'PCMU'] }],
  ['a sender without a list keeps the first that it offers, where nothing is shared', undefined, trunk, phone,
    { consume: ['PCMU'], strip: ['PCMA'], transcode: ['G729'] }],

  ['PCMU and PCMA are not transcoded to each other', g711, ['PCMA', 'telephone-event'], phone, { strip: ['PCMU'] }],
  ['PCMA alone is good enough for who likes PCMU', g711, g711, codecs('PCMA/8000 telephone-event/8000'), undefined],
  ['PCMU and PCMA are transcoded where each leg takes one only', ['PCMA'], ['PCMU'], phone.slice(0, 2), { consume: ['PCMA'] }],

  ['codecs that rtpengine cannot encode are left for the phone to refuse', g711, g711, codecs('AMR/8000 telephone-event/8000'), undefined],
  ['a codec that rtpengine cannot encode is shown but not transcoded to', g711, ['AMR-WB', 'PCMU'], phone, { strip: ['PCMA', 'telephone-event'] }],
  ['an SDP without audio needs nothing', browser, g711, [], undefined],
  ['an SDP without speech needs nothing', browser, g711, red, undefined],
  ['names count in any case', browser, g711, codecs('OPUS/48000 pcmu/8000 X-NEW/8000'), { consume: ['opus'], strip: ['X-NEW'] }],
]

for (const [about, sender, receiver, offer, codec] of cases) {
  test(about, () => assert.deepEqual(codecFlags(sender, receiver, offer), codec))
}
