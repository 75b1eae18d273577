import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { sharedContext } from '../support/shared.ts'
import { openPage, openTab, press, shows } from './open-page.ts'

/** One demo for all tests that leave its programs alone. */
const demo = await openPage(sharedContext())

/** A tab of the test's own, closed with it: what it leaves behind would show in the next. */
async function ownTab (t: TestContext): Promise<Page> {
  const page = await openTab(demo.browser, demo.url)
  t.after(() => page.close())
  return page
}

test('a call can be muted, held and taken up again, and the phone hears its keys', async (t) => {
  const page = await ownTab(t)
  await press(page, 'Call')
  await shows(page, 'status', 'In call')
  await shows(page, '#echo-hertz', /^4(39|40|41) Hz$/)

  await press(page, 'Mute')
  await shows(page, '#echo-hertz', '')
  await press(page, 'Mute')
  await shows(page, '#echo-hertz', /^4(39|40|41) Hz$/)

  await press(page, 'Keypad')
  for (const key of ['1', '5', '#']) await press(page, key)
  await shows(page, '#digits', 'The phone heard 15#')

  await press(page, 'Hold')
  await shows(page, 'status', 'On hold')
  await shows(page, '#echo-hertz', '')
  await shows(page, '#phone-got', /a=sendonly/)
  await press(page, 'Hold')
  await shows(page, 'status', 'In call')
  await shows(page, '#echo-hertz', /^4(39|40|41) Hz$/)
  await shows(page, '#browser-codec', 'opus')

  await press(page, 'Hang up')
  await shows(page, 'status', 'Ready')
  assert.equal(await page.getByRole('alert').isVisible(), false)
})

test('shows the SDP that each leg sent and got', async (t) => {
  const page = await ownTab(t)
  await press(page, 'Call')
  await shows(page, '#phone-codec', 'PCMU')
  const sdp = async (id: string) => await page.locator(`#${id}`).textContent() ?? ''
  for (const id of ['browser-sent', 'browser-got']) {
    assert.match(await sdp(id), /^m=audio \d+ UDP\/TLS\/RTP\/SAVPF .*^a=fingerprint:/ms, id)
  }
  for (const id of ['phone-got', 'phone-sent']) {
    assert.match(await sdp(id), /^m=audio \d+ RTP\/AVP 0 /m, id)
    assert.doesNotMatch(await sdp(id), /fingerprint|ice-ufrag/, id)
  }
  await press(page, 'Hang up')
  await shows(page, 'status', 'Ready')
})

test('a second tab is told that the phone is busy', async (t) => {
  const page = await ownTab(t)
  await press(page, 'Call')
  await shows(page, 'status', 'In call')
  const second = await ownTab(t)
  await press(second, 'Call')
  await shows(second, 'alert', /The phone is busy/)
  await shows(second, 'status', 'Ready')
  await press(page, 'Hang up')
  await shows(page, 'status', 'Ready')
})

test('a tab that is closed in a call hangs up', async (t) => {
  const page = await ownTab(t)
  await press(page, 'Call')
  await shows(page, 'status', 'In call')
  await page.close({ runBeforeUnload: true })
  const second = await ownTab(t)
  await press(second, 'Call')
  await shows(second, 'status', 'In call')
  assert.equal((await demo.stage.media.calls()).length, 1)
  await press(second, 'Hang up')
  await shows(second, 'status', 'Ready')
})

test('says how to allow the microphone when the browser refuses it', async (t) => {
  const page = await ownTab(t)
  await page.evaluate('navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", "NotAllowedError") }')
  await press(page, 'Call')
  await shows(page, 'alert', /^The browser may not use the microphone\. Allow it/)
  await shows(page, 'status', 'Ready')
})

test('says why the phone hung up when rtpengine is lost in a call; then that media control is down, the terminal why', async (t) => {
  const { page, stage, terminal } = await openPage(t)
  await press(page, 'Call')
  await shows(page, 'status', 'In call')
  process.kill(stage.programs.rtpengine.pid, 'SIGKILL')
  await stage.programs.rtpengine.ended
  await shows(page, 'alert', /^The phone hung up.* Does rtpengine still run\?|^ICE found no way/)
  await shows(page, 'status', 'Ready')

  await press(page, 'Call')
  await shows(page, 'alert', /^Media control is down/)
  await shows(page, 'status', 'Ready')
  assert.match(terminal.join('\n'), /rtpengine ended \(.*\)\. Calls fail until the demo is started again/)
})

test('says that media control is down when ngpilot is lost, and that Kamailio does not answer when that is lost', async (t) => {
  const { page, stage } = await openPage(t)
  await stage.programs.ngpilot.stop()
  await press(page, 'Call')
  await shows(page, 'alert', /^Media control is down/)

  await stage.programs.Kamailio.stop()
  await shows(page, 'alert', /^Kamailio does not answer at ws:/)
  assert.equal(await page.getByRole('button', { name: 'Call' }).isDisabled(), true)
})
