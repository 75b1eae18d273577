import assert from 'node:assert/strict'
import test from 'node:test'
import { answered, offered, refused } from '../../src/calls/exchange.ts'
import { latestSdps, RecentSdps } from '../../src/calls/recent-sdps.ts'
import type { ExchangeRecord } from '../../src/state/store.ts'
import { request } from '../support/calls.ts'

const message = (fromTag: string, name: string) => ({ request: { ...request({ fromTag }), sdp: Buffer.from(`${name} in`) }, out: Buffer.from(`${name} out`) })
const offer = (offerer: string, name: string) => ({ ...message(offerer, name), isTranscoding: false })
const first: ExchangeRecord = { offerer: 'caller', state: 'offered', at: 1, cseq: 1 }

test('a new exchange finds the SDPs of the one before it, by who sent and who got them', () => {
  for (const exchanges of [[first, { ...first, cseq: 2, standing: '0:1' }], [{ ...first, cseq: undefined }, undefined]] as const) {
    const recent = new RecentSdps()
    recent.offered('call', exchanges[0] as ExchangeRecord, offer('a', 'offer'))
    recent.answered('call', exchanges[0] as ExchangeRecord, 'b', message('a', 'answer'))
    recent.offered('call', exchanges[1], offer('b', 'again'))
    const before = [...latestSdps(recent.get('call')?.before)].map(([key, bytes]) => `${key}: ${bytes.toString()}`)
    assert.deepEqual(before, ['in a: offer in', 'out b: offer out', 'in b: answer in', 'out a: answer out'])
    recent.forget('call')
    assert.equal(recent.get('call'), undefined)
  }
})

test('what passed another process is not taken for the exchange before, and each has its own half of one that both saw', () => {
  const [one, two] = [new RecentSdps(), new RecentSdps()]
  one.offered('call', first, offer('a', 'offer'))
  two.answered('call', first, 'b', message('a', 'answer'))
  assert.deepEqual([one, two].map((each) => [...latestSdps(each.find('call', '0:1')).keys()]), [['in a'], ['in b', 'out a']])
  const stands = answered(first, { by: 'callee', callee: 'b', cseq: 1, at: 2 })
  const refusedOne = refused(offered(stands, { by: 'callee', callee: 'b', cseq: 7, at: 3 }), { by: 'callee', cseq: 7 })
  one.offered('call', refusedOne, offer('b', 'refused'))
  const next = offered(refusedOne, { by: 'caller', callee: 'b', cseq: 2, at: 4 })
  assert.equal(next.standing, '0:1')
  for (const each of [one, two]) each.offered('call', next, offer('a', 'next'))
  assert.deepEqual([one, two].map((each) => [...latestSdps(each.get('call')?.before).keys()]), [['in a'], ['in b', 'out a']])
  two.offered('call', { ...first, cseq: 9, standing: '1:8' }, offer('a', 'later'))
  assert.equal(two.get('call')?.before, undefined)
})

test('holds 16 MB at most; the oldest calls go', () => {
  const recent = new RecentSdps()
  const big = Buffer.alloc(60_000)
  for (let call = 0; call < 1000; call++) {
    recent.offered(`call-${call}`, first, { request: { ...request({}), sdp: big }, out: big, isTranscoding: false })
    for (let fork = 0; fork < 20; fork++) recent.answered(`call-${call}`, first, `b${fork}`, message('a', 'x'))
  }
  assert.equal(recent.get('call-0'), undefined)
  assert.equal(recent.get('call-999')?.answers.size, 8)
  const kept = Array.from({ length: 1000 }, (_, call) => recent.get(`call-${call}`)).filter(Boolean).length
  assert.ok(kept > 100 && kept < 150, String(kept))
})
