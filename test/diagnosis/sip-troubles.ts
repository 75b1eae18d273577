import { setTimeout as sleep } from 'node:timers/promises'
import type { StackContext } from '../../stack/context.ts'
import { type BrowserPhone, startBrowserPhone } from '../support/browser-phone.ts'
import { phoneHz, type SipPhone, startSipPhone } from '../support/sip-phone.ts'
import { openCallee, openPhone } from '../support/sip-call.ts'
import type { Site } from '../support/site.ts'
import { callsIn, findingsIn } from './troubles.ts'

/** A trouble of a whole site: calls by SIP through Kamailio. */
export interface SipTrouble {
  name: string
  expected: string[]
  /** Seconds from the beginning until it must have been found; a healthy call is watched for as long. */
  within: number
  /** Makes the call and its trouble. @returns what ends it */
  make: (t: StackContext, site: Site, browser: BrowserPhone) => Promise<() => Promise<void>>
}

/** What happens to a call of Chromium and a real phone, and before it. */
interface Between {
  phone?: Parameters<typeof startSipPhone>[2]
  spoils?: Parameters<BrowserPhone['spoil']>[0]
  happen?: (browser: BrowserPhone, phone: SipPhone) => Promise<void>
}

function browserCalls ({ phone: options, spoils = 'nothing', happen }: Between): SipTrouble['make'] {
  return async (t, site, browser) => {
    const phone = await startSipPhone(t, site.kamailio, options)
    await browser.spoil(spoils)
    await browser.call(phone.uri).catch(() => undefined)
    await happen?.(browser, phone)
    return async () => {
      await Promise.resolve(browser.hangup()).catch(() => undefined)
      await phone.stop()
    }
  }
}

/** So that the call has been healthy for a sample. */
const later = (happen: NonNullable<Between['happen']>): typeof happen => async (browser, phone) => {
  await sleep(6000)
  await happen(browser, phone)
}

const nothing = () => Promise.resolve()

export const sipTroubles: SipTrouble[] = [
  {
    name: 'Chromium and phone, healthy for a minute', expected: [], within: 60,
    make: browserCalls({ happen: (browser) => browser.hears(phoneHz) }),
  },
  { name: 'no audio after connect: ICE password altered', expected: ['DX-01 caller'], within: 10, make: browserCalls({ spoils: 'ice-pwd' }) },
  { name: 'no audio after connect: fingerprint altered', expected: ['DX-02 caller'], within: 10, make: browserCalls({ spoils: 'fingerprint' }) },
  { name: 'one-way: Chromium without a microphone', expected: ['DX-07 caller'], within: 10, make: browserCalls({ spoils: 'microphone' }) },
  {
    name: '488: a phone that wants SRTP', expected: ['DX-19 callee'], within: 5,
    make: browserCalls({ phone: { encryption: 'srtp-mandf' } }),
  },
  {
    name: '488: an offer that breaks a rule', expected: ['DX-18 callee'], within: 5,
    async make (t, { kamailio }) {
      const callee = await openCallee(t, 'picky', kamailio)
      const caller = await openPhone(t, 'sloppy', kamailio)
      caller.peer.request('INVITE', callee.peer.uri, { body: caller.sdp({ more: ['a=ptime:60', 'a=maxptime:20'] }) })
      callee.peer.reply(await callee.peer.receive(/^INVITE/), '488 Not Acceptable Here')
      return nothing
    },
  },
  {
    name: 'early media clipped: 183 before DTLS is up', expected: ['DX-21 caller'], within: 5,
    async make (t, { kamailio }, browser) {
      const callee = await openCallee(t, 'announcer', kamailio)
      await browser.spoil('ice-pwd')
      const calling = browser.call(callee.peer.uri).catch(() => undefined)
      const invite = await callee.peer.receive(/^INVITE/)
      callee.sendTo(invite.body)
      callee.peer.reply(invite, '183 Session Progress', { body: callee.sdp() })
      return async () => {
        callee.peer.reply(invite, '480 Temporarily Unavailable')
        await calling
      }
    },
  },
  {
    name: 'ends after 32 s: the ACK never comes', expected: ['DX-31 callee'], within: 40,
    async make (t, { kamailio }) {
      const phone = await startSipPhone(t, kamailio, { user: 'unacknowledged' })
      const caller = await openPhone(t, 'forgetful', kamailio)
      caller.peer.request('INVITE', phone.uri, { body: caller.sdp() })
      caller.sendTo((await caller.peer.receive(/^SIP\/2.0 200/)).body)
      return async () => phone.stop()
    },
  },
  {
    name: 'the browser\'s microphone ends', expected: ['DX-17 caller'], within: 60,
    make: browserCalls({ happen: later((browser) => browser.mute()) }),
  },
  {
    name: 'audio stops: the page drops its connection', expected: ['DX-17 caller'], within: 60,
    make: browserCalls({ happen: later((browser) => browser.vanish()) }),
  },
  {
    name: 'audio stops: the phone\'s process is killed', expected: ['DX-28 callee'], within: 60,
    make: browserCalls({ happen: later((_browser, phone) => Promise.resolve(void process.kill(phone.pid, 'SIGKILL'))) }),
  },
]

export interface FoundBySip { trouble: SipTrouble, found: string[], afterSeconds?: number }

/** Makes them one after another: there is one browser. */
export async function makeBySip (
  t: StackContext, site: Site, troubles: readonly SipTrouble[], tell: (name: string) => void,
): Promise<FoundBySip[]> {
  const browser = await startBrowserPhone(t, site.kamailio)
  const results: FoundBySip[] = []
  for (const trouble of troubles) {
    tell(trouble.name)
    // A call that its row has left half done may be found wanting later.
    const others = callsIn(site.ngpilot.logs())
    const begun = performance.now()
    const end = await trouble.make(t, site, browser)
    let found: string[] = []
    let afterSeconds: number | undefined
    while (performance.now() - begun < trouble.within * 1000 + 6000 && afterSeconds === undefined) {
      await sleep(300)
      found = findingsIn(site.ngpilot.logs(), undefined, others)
      const isFound = trouble.expected.length > 0 && found.length >= trouble.expected.length
      if (isFound) afterSeconds = (performance.now() - begun) / 1000
    }
    results.push({ trouble, found, ...afterSeconds !== undefined && { afterSeconds } })
    await end()
    await sleep(500)
  }
  return results
}
