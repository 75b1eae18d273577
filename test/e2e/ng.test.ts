import { test } from 'node:test'
import { openCallee, openPhone } from '../support/sip-call.ts'
import { startSite } from '../support/site.ts'
import { spiral } from '../support/spiral.ts'

test('by NG too a call that a proxy sends back to Kamailio passes it twice, each pass with media of its own', async (t) => {
  const site = await startSite(t, { way: 'ng' })
  const [alice, bob] = [await openPhone(t, 'alice', site.kamailio), await openCallee(t, 'bob', site.kamailio)]
  await spiral(t, site, alice, bob, false)
})
