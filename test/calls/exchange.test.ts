import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answered, type End, offered, refused, roleOf } from '../../src/calls/exchange.ts'
import type { BranchRecord, ExchangeRecord } from '../../src/state/store.ts'

const move = (by: End, cseq: number, more: { callee?: string, at?: number } = {}) => ({ by, cseq, at: 100, ...more })
const t1 = { callee: 't1' }
const invited = offered(undefined, move('caller', 1))
const established = answered(invited, move('callee', 1, t1))

test('an offer and its answer; the answer again, early or of another fork, changes whose it is at most', () => {
  assert.deepEqual(invited, { offerer: 'caller', state: 'offered', at: 100, cseq: 1 })
  assert.deepEqual(established, { ...invited, state: 'answered', callee: 't1' })
  assert.deepEqual(answered(established, move('callee', 1, t1)), established)
  assert.equal(answered(established, move('callee', 1, { callee: 't2' })).callee, 't2')
})

test('the request of an offer again is no new offer, before and after its answer', () => {
  assert.equal(offered(invited, move('caller', 1)), invited)
  assert.equal(offered(established, move('caller', 1)), established)
})

test('either side may offer once the exchange is over', () => {
  for (const by of ['caller', 'callee'] as const) {
    const next = offered(established, move(by, 7, t1))
    assert.deepEqual([next.offerer, next.state, next.cseq], [by, 'offered', 7])
  }
})

test('an offer that meets another one is refused, whoever made that one, until it counts as lost', () => {
  const pending = offered(established, move('caller', 2, t1))
  assert.throws(() => offered(pending, move('callee', 5, t1)), { code: 'offer_pending', message: /other party/ })
  assert.throws(() => offered(pending, move('caller', 3, t1)), { code: 'offer_pending', message: /same party/ })
  assert.equal(offered(pending, move('callee', 5, { ...t1, at: 131 + 1 })).offerer, 'callee')
})

test('forks that one branch made further on do not wait for one another', () => {
  const pending = offered(established, move('caller', 2, t1))
  assert.equal(offered(pending, move('callee', 1, { callee: 't2' })).callee, 't2')
})

test('an INVITE outside of a dialog begins anew', () => {
  assert.equal(offered(invited, move('caller', 2)).cseq, 2)
})

test('an older offer than the latest of the same party is refused', () => {
  const later = answered(offered(established, move('caller', 5, t1)), move('callee', 5, t1))
  assert.throws(() => offered(later, move('caller', 4, t1)), { code: 'out_of_order', message: /CSeq 4 .* CSeq 5/ })
})

test('an answer to nothing, and one by the party that offered, are refused', () => {
  assert.throws(() => answered(undefined, move('callee', 1)), { code: 'out_of_order', message: /before any offer/ })
  assert.throws(() => answered(invited, move('caller', 1)), { code: 'out_of_order', message: /offerer's/ })
})

test('the 200 with the SDP of its 183 again, after an UPDATE, leaves the later exchange alone', () => {
  const updated = offered(established, move('caller', 2, t1))
  assert.equal(answered(updated, move('callee', 1, t1)), updated)
})

test('a refused offer leaves the session as it was; the failure of another request changes nothing', () => {
  const pending = offered(established, move('callee', 9, t1))
  assert.equal(refused(pending, { by: 'callee', cseq: 9 })?.state, 'answered')
  assert.equal(refused(pending, { by: 'callee', cseq: 8 }), pending)
  assert.equal(refused(pending, { by: 'caller', cseq: 9 }), pending)
  assert.equal(refused(established, { by: 'caller', cseq: 1 }), established)
})

suiteOfRoles({
  'INVITE and UPDATE offer': [['INVITE', undefined, 'caller', established, 'offer'], ['UPDATE', undefined, 'callee', established, 'offer']],
  'the reply to an INVITE with an offer answers': [['INVITE', 183, 'callee', invited, 'answer'], ['INVITE', 200, 'callee', established, 'answer']],
  'the reply to a re-INVITE without offer offers': [['INVITE', 200, 'callee', { ...established, cseq: 0 }, 'offer']],
  'ACK answers a late offer': [['ACK', undefined, 'caller', { ...invited, offerer: 'callee' }, 'answer']],
  'PRACK answers an offer that waits, and offers else': [
    ['PRACK', undefined, 'caller', { ...invited, offerer: 'callee' }, 'answer'], ['PRACK', undefined, 'caller', established, 'offer'],
  ],
  'the reply to an UPDATE with an offer answers': [['UPDATE', 200, 'callee', invited, 'answer']],
  'a body of another method is not of the session': [['INFO', undefined, 'caller', established, undefined], ['INFO', 200, 'callee', established, undefined]],
})

function suiteOfRoles (cases: Record<string, [string, number | undefined, End, ExchangeRecord, 'offer' | 'answer' | undefined][]>): void {
  for (const [name, messages] of Object.entries(cases)) {
    test(name, () => {
      for (const [method, status, by, exchange, role] of messages) {
        const branch: BranchRecord = { caller: 'a', callee: { profile: 'sip' }, exchange, state: 'confirmed' }
        assert.equal(roleOf({ method, cseq: 1, ...(status !== undefined && { status }) }, by, branch), role)
      }
    })
  }
}

test('until a 2xx, the SDP of a reply is an offer where the INVITE had none, else an answer, also after an UPDATE', () => {
  const exchange = { ...established, cseq: 2 }
  const invite = { cseq: 1, transaction: 'x' }
  const branch: BranchRecord = { caller: 'a', callee: { profile: 'sip' }, exchange, invite }
  assert.equal(roleOf({ method: 'INVITE', status: 200, cseq: 1 }, 'callee', branch), 'answer')
  assert.equal(roleOf({ method: 'INVITE', status: 200, cseq: 1 }, 'callee', { ...branch, invite: { ...invite, isLate: true } }), 'offer')
})

test('an SDP that is neither is refused: an ACK after an answer, the reply to an UPDATE without offer', () => {
  const branch: BranchRecord = { caller: 'a', callee: { profile: 'sip' }, exchange: established, state: 'confirmed' }
  assert.throws(() => roleOf({ method: 'ACK', cseq: 1 }, 'caller', branch), { code: 'out_of_order' })
  assert.throws(() => roleOf({ method: 'UPDATE', status: 200, cseq: 5 }, 'callee', branch), { code: 'out_of_order', message: /had no offer/ })
})
