import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { type BrowserPhone, startBrowserPhone } from '../support/browser-phone.ts'
import { sharedContext } from '../support/shared.ts'
import { phoneHz, startSipPhone } from '../support/sip-phone.ts'
import { type Site, startSite } from '../support/site.ts'

const browserHz = 440
const context = sharedContext()
let site: Site
let browser: BrowserPhone

before(async () => {
  site = await startSite(context)
  browser = await startBrowserPhone(context, site.kamailio, { toneHz: browserHz })
})

/** interop: what no SIP phone must see. */
const webOnly = /^a=(candidate|end-of-candidates|ice-|fingerprint|setup|tls-id|group|mid|msid|ssrc|extmap|rtcp-fb|rtcp-rsize|rtcp-mux|bundle-only)/m

test('a browser and a phone that knows only PCMU hear each other, the browser in opus; the phone saw plain RTP', async (t) => {
  const phone = await startSipPhone(t, site.kamailio)
  await browser.call(phone.uri)
  await browser.hears(phoneHz)
  await phone.hears(browserHz)
  const codec = await browser.codec()
  const { ice, dtls } = await browser.legs()
  assert.deepEqual({ codec, ice, dtls }, { codec: 'audio/opus', ice: 'connected', dtls: 'connected' })

  const offered = phone.offered()
  assert.deepEqual(offered.match(/^c=.*/gm), ['c=IN IP4 127.0.0.1'])
  assert.match(offered, /^m=audio \d+ RTP\/AVP 0 /m)
  assert.doesNotMatch(offered, webOnly)
  await browser.hangup()
  await site.isEmpty()
})

test('a phone calls a browser, and both hear each other', async (t) => {
  const phone = await startSipPhone(t, site.kamailio)
  await phone.dial(browser.uri)
  await browser.answered()
  await phone.hears(browserHz)
  await browser.hears(phoneHz)
  assert.equal(await browser.codec(), 'audio/opus')
  await phone.hangup()
  await site.isEmpty()
})

test('the phone hangs up: the browser is told, and nothing is left', async (t) => {
  const phone = await startSipPhone(t, site.kamailio)
  await browser.call(phone.uri)
  await phone.hangup()
  await site.isEmpty()
  assert.equal(await browser.ended(), 'Terminated')
})

test('DTMF from the browser arrives at the phone as RFC 4733', async (t) => {
  const phone = await startSipPhone(t, site.kamailio)
  await browser.call(phone.uri)
  await browser.hears(phoneHz)
  await browser.sendDtmf('5')
  await phone.waitFor('CALL_DTMF_START', '5')
  assert.match(phone.offered(), /a=rtpmap:\d+ telephone-event\/8000/)
  await browser.hangup()
  await site.isEmpty()
})

test('hold and resume from the browser: the phone goes silent and hears again', async (t) => {
  const phone = await startSipPhone(t, site.kamailio)
  await browser.call(phone.uri)
  await browser.hears(phoneHz)
  await browser.hold()
  assert.match(phone.offered(), /a=(sendonly|inactive)/)
  await browser.resume()
  assert.doesNotMatch(phone.offered(), /a=(sendonly|inactive)/)
  await browser.hears(phoneHz)
  await phone.hears(browserHz)
  assert.equal(await browser.codec(), 'audio/opus')
  await browser.hangup()
  await site.isEmpty()
})

test('hold and resume from the phone: the same codecs and both hear again', async (t) => {
  const phone = await startSipPhone(t, site.kamailio)
  await browser.call(phone.uri)
  await browser.hears(phoneHz)
  await phone.hold()
  await browser.hears(0)
  await phone.resume()
  await browser.hears(phoneHz)
  await phone.hears(browserHz)
  assert.equal(await browser.codec(), 'audio/opus')
  await phone.hangup()
  await site.isEmpty()
})

test('CANCEL: the phone stops ringing, and nothing is left', async (t) => {
  const phone = await startSipPhone(t, site.kamailio, { isAnswering: false })
  const cancelled = assert.rejects(browser.call(phone.uri), /Canceled/)
  await phone.waitFor('CALL_INCOMING')
  await browser.hangup()
  await cancelled
  await phone.waitFor('CALL_CLOSED')
  await site.isEmpty()
})

test('486: the browser is told that the phone is busy, and nothing is left', async (t) => {
  const phone = await startSipPhone(t, site.kamailio, { isAnswering: false })
  const refused = assert.rejects(browser.call(phone.uri), /486 Busy/)
  await phone.waitFor('CALL_INCOMING')
  await phone.hangup()
  await refused
  await site.isEmpty()
})
