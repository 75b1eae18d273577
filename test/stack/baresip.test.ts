import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startBaresip } from '../../stack/baresip.ts'
import { measureTone } from '../../stack/tone.ts'

test('two telephones hear each other\'s tone, with PCMU and telephone-event alone in the offer', async (t) => {
  const [alice, bob] = await Promise.all([
    startBaresip(t, { user: 'alice', plays: 880 }), startBaresip(t, { user: 'bob', plays: 440 }),
  ])
  await bob.dial(alice.uri)
  assert.match(bob.logs(), /m=audio \d+ RTP\/AVP 0 101\r?\n/)
  await bob.sendDtmf('5')
  await alice.waitFor('CALL_DTMF_START', '5')
  await sleep(1000)
  assert.equal(measureTone(await alice.heard()).hz, 440)
  assert.equal(measureTone(await bob.heard()).hz, 880)
  await bob.hangup()
  await alice.waitFor('CALL_CLOSED')
})

test('an echo comes back through SRTP', async (t) => {
  const [alice, bob] = await Promise.all([
    startBaresip(t, { user: 'alice', plays: 'echo', encryption: 'srtp-mand' }),
    startBaresip(t, { user: 'bob', plays: 600, encryption: 'srtp-mand' }),
  ])
  await bob.dial(alice.uri)
  await sleep(1200)
  assert.equal(measureTone(await bob.heard()).hz, 600)
  await bob.hold()
  await alice.waitFor('CALL_REMOTE_SDP', 'offer')
  await bob.resume()
})

test('a call that is not accepted says why', async (t) => {
  const [alice, bob] = await Promise.all([
    startBaresip(t, { user: 'alice', isAnswering: false }), startBaresip(t, { user: 'bob' }),
  ])
  const dialled = assert.rejects(bob.dial(alice.uri), /did not pick up: .*486/)
  await alice.waitFor('CALL_INCOMING')
  await alice.hangup()
  await dialled
})
