import assert from 'node:assert/strict'
import test from 'node:test'
import { RecentSdps } from '../../src/calls/recent-sdps.ts'

const sdp = (text: string) => Buffer.from(text)
const offer = (offerer: string, name: string) => ({ offerer, offerIn: sdp(`${name} in`), offerOut: sdp(`${name} out`), isTranscoding: false })

test('a new exchange finds the SDPs of the one before it, by who sent and who got them', () => {
  const recent = new RecentSdps()
  recent.offered('call', offer('a', 'offer'))
  recent.answered('call', 'b', { in: sdp('answer in'), out: sdp('answer out') })
  recent.offered('call', offer('b', 'again'))
  const before = [...recent.get('call')?.before ?? []].map(([key, bytes]) => `${key}: ${bytes.toString()}`)
  assert.deepEqual(before, ['in a: offer in', 'out b: offer out', 'in b: answer in', 'out a: answer out'])
  recent.forget('call')
  assert.equal(recent.get('call'), undefined)
})

test('holds 16 MB at most; the oldest calls go', () => {
  const recent = new RecentSdps()
  const big = Buffer.alloc(60_000)
  for (let call = 0; call < 1000; call++) {
    recent.offered(`call-${call}`, { offerer: 'a', offerIn: big, offerOut: big, isTranscoding: false })
    for (let fork = 0; fork < 20; fork++) recent.answered(`call-${call}`, `b${fork}`, { in: Buffer.from('x'), out: Buffer.from('y') })
  }
  assert.equal(recent.get('call-0'), undefined)
  assert.equal(recent.get('call-999')?.answers.size, 8)
  const kept = Array.from({ length: 1000 }, (_, call) => recent.get(`call-${call}`)).filter(Boolean).length
  assert.ok(kept > 100 && kept < 150, String(kept))
})
