import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startBrowserPhone } from '../support/browser-phone.ts'
import { phoneHz, startSipPhone } from '../support/sip-phone.ts'
import { startSite } from '../support/site.ts'

const policy = `
version: 1
profiles:
  browser: { extends: webrtc, codecs: [opus, PCMU, telephone-event] }
  secure: { extends: sip-sdes, codecs: [PCMU, telephone-event] }
endpoints:
  - { profile: browser, match: { transport: [ws, wss] } }
  - { profile: secure, match: { address: 127.0.0.0/8 } }
`

test('a browser and a phone that insists on SDES hear each other, both ways', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ngpilot-policy-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'policy.yaml'), policy)
  const site = await startSite(t, { env: { NGPILOT_POLICY_DIRECTORY: folder } })
  const phone = await startSipPhone(t, site.kamailio, { encryption: 'srtp-mand' })
  const browser = await startBrowserPhone(t, site.kamailio, { toneHz: 440 })

  await browser.call(phone.uri)
  await browser.hears(phoneHz)
  await phone.hears(440)
  assert.match(phone.offered(), /^m=audio \d+ RTP\/SAVP 0 /m)
  assert.deepEqual(phone.offered().match(/(?<=^a=crypto:\d+ )\S+/gm), ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'])
  assert.doesNotMatch(phone.offered(), /fingerprint|NULL/)
  await browser.hangup()
  await site.isEmpty()

  await phone.dial(browser.uri)
  await browser.answered()
  await browser.hears(phoneHz)
  await phone.hears(440)
  assert.doesNotMatch((await browser.legs()).got, /a=crypto/)
  await phone.hangup()
  await site.isEmpty()
})
