import { setTimeout as sleep } from 'node:timers/promises'
import { earlyTroubles, findingsIn, lateTroubles, make, type Trouble } from '../diagnosis/troubles.ts'
import { type BrowserPhone, startBrowserPhone } from '../support/browser-phone.ts'
import { mediaCall, startMediaSite } from '../support/media-call.ts'
import { type SipPhone, phoneHz, startSipPhone } from '../support/sip-phone.ts'
import { startSite } from '../support/site.ts'
import { table } from './table.ts'

/**
 * Calls that are broken on purpose, with a real rtpengine, a real Chromium and real phones: which finding came, on which leg
 * and when, beside what was expected. Ends with 1 when they differ. `npm run test:diagnosis`.
 */
const ends: (() => Promise<void>)[] = []
const context = { after: (end: () => Promise<void>) => { ends.push(end) } }
const rows: string[][] = []
const tell = (text: string) => process.stderr.write(`\r\x1b[K${text}`)

interface BrowserTrouble {
  name: string
  expected: string[]
  /** Seconds from the answer until it must have been found; a healthy call is watched for as long. */
  within: number
  phone?: Parameters<typeof startSipPhone>[2]
  before?: (browser: BrowserPhone) => Promise<void>
  happen?: (browser: BrowserPhone, phone: SipPhone) => Promise<void>
}

const browserTroubles: BrowserTrouble[] = [
  { name: 'Chromium and phone, healthy for a minute', expected: [], within: 60, happen: (browser) => browser.hears(phoneHz) },
  {
    name: 'no audio after connect: ICE password altered', expected: ['DX-01 caller'], within: 10,
    before: (browser) => browser.spoil('ice-pwd'),
  },
  {
    name: 'no audio after connect: fingerprint altered', expected: ['DX-02 caller'], within: 10,
    before: (browser) => browser.spoil('fingerprint'),
  },
  { name: '488: a phone that wants SRTP', expected: ['DX-19 callee'], within: 5, phone: { encryption: 'srtp-mandf' } },
  { name: 'the browser\'s microphone ends', expected: ['DX-17 caller'], within: 60, happen: (browser) => browser.mute() },
  { name: 'audio stops: the page drops its connection', expected: ['DX-17 caller'], within: 60, happen: (browser) => browser.vanish() },
  {
    name: 'audio stops: the phone\'s process is killed', expected: ['DX-28 callee'], within: 60,
    happen: (_browser, phone) => Promise.resolve(void process.kill(phone.pid, 'SIGKILL')),
  },
]

try {
  const site = await startMediaSite(context)
  const troubles = [...earlyTroubles, ...lateTroubles]
  tell(`${troubles.length} calls with ends of their own …`)
  const results = await Promise.all(troubles.map((trouble, index) => make(context, site, trouble, `trouble-${index}`)))
  for (const { trouble, found, afterSeconds } of results) add(trouble, found, afterSeconds)

  tell('a call that nobody sends in, and a node that gives it up …')
  add(...await lostCall())

  const real = await startSite(context)
  const browser = await startBrowserPhone(context, real.kamailio)
  for (const trouble of browserTroubles) {
    tell(`${trouble.name} …`)
    const phone = await startSipPhone(context, real.kamailio, trouble.phone)
    const from = real.ngpilot.logs().length
    const begun = performance.now()
    await browser.spoil('nothing')
    await trouble.before?.(browser)
    await browser.call(phone.uri).catch(() => undefined)
    if (trouble.happen && trouble.expected.length > 0) await sleep(6000)
    await trouble.happen?.(browser, phone)
    let found: string[] = []
    let afterSeconds: number | undefined
    while (performance.now() - begun < trouble.within * 1000 + 6000 && afterSeconds === undefined) {
      await sleep(300)
      found = findingsIn(real.ngpilot.logs().slice(from))
      const isFound = trouble.expected.length > 0 && found.length >= trouble.expected.length
      if (isFound) afterSeconds = (performance.now() - begun) / 1000
    }
    add(trouble, found, afterSeconds)
    await Promise.resolve(browser.hangup()).catch(() => undefined)
    await phone.stop()
    await sleep(500)
  }
} finally {
  tell('')
  for (const end of ends.reverse()) await end()
}

console.log(table(['trouble', 'expected', 'found', 'seconds'], rows))
console.log('\nSeconds from the beginning of the call; a trouble that takes place later is found that much later.')

function add ({ name, expected }: Pick<Trouble, 'name' | 'expected'>, found: string[], afterSeconds?: number): void {
  const isRight = expected.join() === found.join()
  if (!isRight) process.exitCode = 1
  rows.push([
    isRight ? name : `${name} (WRONG)`, expected.join(', ') || 'nothing', found.join(', ') || 'nothing', afterSeconds?.toFixed(1) ?? '-',
  ])
}

/** rtpengine gives a call up after `timeout` seconds without media, and tells nobody. */
async function lostCall (): Promise<[Pick<Trouble, 'name' | 'expected'>, string[], number]> {
  const trouble = { name: 'rtpengine gives the call up (timeout 8 s)', expected: ['DX-05', 'DX-15'] }
  const site = await startMediaSite(context, { rtpengineArgs: ['--timeout=8'] })
  const begun = performance.now()
  const call = await mediaCall(context, site, { callId: 'lost' })
  call.caller.silence()
  call.callee.silence()
  let found: string[] = []
  while (found.length < 2 && performance.now() - begun < 60_000) {
    await sleep(300)
    found = findingsIn(site.ngpilot.logs())
  }
  return [trouble, found, (performance.now() - begun) / 1000]
}
