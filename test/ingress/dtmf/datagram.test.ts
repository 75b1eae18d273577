import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digitOf, readDtmf } from '../../../src/ingress/dtmf/datagram.ts'

const datagram = (callId: string, tag = 'A', label = '') => Buffer.from(`{"callid":"${callId}","source_tag":"${tag}",${label}"tags":["${tag}","B"],`
  + '"type":"DTMF","timestamp":1795327302,"source_ip":"127.0.0.1","event":5,"duration":120,"volume":10}')

test('reads what rtpengine sends, with and without a label', () => {
  const expected = [{ callId: 'M1', tag: 'A', tags: ['A', 'B'], event: 5, durationMs: 120, volume: 10 }]
  assert.deepEqual(readDtmf(datagram('M1')), expected)
  assert.deepEqual(readDtmf(datagram('M1', 'A', '"source_label":"caller",')), expected)
  assert.deepEqual([0, 9, 10, 11, 12, 15].map((event) => digitOf({ event })).join(''), '09*#AD')
})

for (const callId of ['a"b', 'a\\', '{"callid":"x"}', '","tags":["', '\r\n', 'ü\0']) {
  test(`a Call-ID ${JSON.stringify(callId)} comes out as it is`, () => {
    assert.equal(readDtmf(datagram(callId))[0]?.callId, callId)
    assert.deepEqual(readDtmf(datagram('c', callId.replace('","tags":["', 'x')))[0]?.tag, callId.replace('","tags":["', 'x'))
  })
}

test('a Call-ID that looks like a whole event is itself first, the one that it names after it', () => {
  const forged = datagram('victim').toString().slice('{"callid":"'.length, -2)
  assert.deepEqual(readDtmf(datagram(forged)).map(({ callId }) => callId), [forged, 'victim'])
})

test('what is no event is none', () => {
  for (const bytes of ['', '{', '{"callid":"x"}', 'noise', datagram('x').toString().replace('"event":5', '"event":77'), '{"callid":"'.repeat(5000)]) {
    assert.deepEqual(readDtmf(Buffer.from(bytes)), [])
  }
  assert.ok(readDtmf(Buffer.from(`{"callid":"${'","source_tag":"'.repeat(4000)}`)).length <= 8)
})
