import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bye, establish, hearEachOther, openCallee, openPhone } from '../../support/sip-call.ts'
import { startSite } from '../../support/site.ts'

test('Kamailio asks over WebSocket by its own lwsc: a call with an SDP of 30 KB has its media, and ends', async (t) => {
  const site = await startSite(t, { way: 'ws' })
  const [alice, bob] = [await openPhone(t, 'alice', site.kamailio), await openCallee(t, 'bob', site.kamailio)]
  const short = { ...alice }
  alice.sdp = (change) => short.sdp({ ...change, more: Array.from({ length: 100 }, () => `a=x-long:${'x'.repeat(300)}`) })
  const { caller, callee } = await establish(alice, bob)
  await hearEachOther(alice, bob)
  await bye(callee, caller)
  await site.isEmpty()
  assert.equal(await site.metric('ngpilot_requests_total{ingress="ng",command="offer",result="ok"}'), 1)
})
