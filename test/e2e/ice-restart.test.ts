import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Release } from '../../stack/tree.ts'
import { startBrowserPhone } from '../support/browser-phone.ts'
import { phoneHz, startSipPhone } from '../support/sip-phone.ts'
import { startSite } from '../support/site.ts'

const browserHz = 440

/** rtpengine 12.5 and 26.0 end DTLS at an ICE restart without tls-id, 10.5 does not. `npm run test:calls` tries all. */
const releases = (process.env.NGPILOT_TEST_RELEASES ?? 'trixie').split(',') as Release[]

for (const release of releases) {
  test(`both hear each other before and after restartIce() of the browser, on the rtpengine of ${release}`, async (t) => {
    const site = await startSite(t, { release })
    const browser = await startBrowserPhone(t, site.kamailio, { toneHz: browserHz })
    const phone = await startSipPhone(t, site.kamailio)
    await browser.call(phone.uri)
    await browser.hears(phoneHz)
    await phone.hears(browserHz)
    const before = await browser.legs()
    for (let restarts = 0; restarts < 2; restarts++) {
      await browser.restartIce()
      await browser.hearsAnew(phoneHz)
      await phone.hearsAnew(browserHz)
    }
    const after = await browser.legs()
    assert.notEqual(ufrag(after.sent), ufrag(before.sent), 'ICE was restarted')
    assert.deepEqual([after.ice, after.dtls], ['connected', 'connected'])
    assert.doesNotMatch(after.got, /tls-id:ngpilot/)
    assert.doesNotMatch(phone.offered(), /tls-id/)
    await browser.hangup()
    await site.isEmpty()
  })
}

function ufrag (sdp: string): string {
  return /a=ice-ufrag:(\S+)/.exec(sdp)?.[1] ?? ''
}
