import type { StackContext } from '../../stack/context.ts'
import { startBrowserPhone } from '../support/browser-phone.ts'
import { phoneHz, startSipPhone } from '../support/sip-phone.ts'
import { startSite } from '../support/site.ts'
import type { Combination } from './combinations.ts'

const browserHz = 440

/** What is looked at, in this order; the next ones need those before. */
export const steps = ['browser → phone', 'DTMF', 'hold', 'delete', 'phone → browser', 'fork'] as const
export type Step = typeof steps[number]

/**
 * The basic call of a browser and a phone that knows only PCMU, both ways, the tones measured at both ends.
 * @param done is told each step that went well; the first that does not throws.
 */
export async function basicCall (t: StackContext, combination: Combination, done: (step: Step) => void): Promise<void> {
  const { kamailio, rtpengine, way } = combination
  const site = await startSite(t, { way, kamailioRelease: kamailio, release: rtpengine })
  try {
    const browser = await startBrowserPhone(t, site.kamailio, { toneHz: browserHz })
    const phone = await startSipPhone(t, site.kamailio)
    const bothHear = async () => {
      await browser.hears(phoneHz)
      await phone.hears(browserHz)
    }

    await browser.call(phone.uri)
    await bothHear()
    if (/a=(fingerprint|candidate|rtcp-mux)/.test(phone.offered())) throw new Error(`the phone was offered\n${phone.offered()}`)
    done('browser → phone')
    await browser.sendDtmf('5')
    await phone.waitFor('CALL_DTMF_START', '5')
    done('DTMF')
    await phone.hold()
    await browser.hears(0)
    await phone.resume()
    await bothHear()
    done('hold')
    await browser.hangup()
    await phone.waitFor('CALL_CLOSED')
    await site.isEmpty()
    done('delete')

    await phone.dial(browser.uri)
    await browser.answered()
    await bothHear()
    await phone.hangup()
    await site.isEmpty()
    done('phone → browser')

    // The browser's user has a phone too, which rings until the browser has answered.
    const second = await startSipPhone(t, site.kamailio, { user: 'browser', isAnswering: false })
    await phone.dial(browser.uri)
    await second.waitFor('CALL_INCOMING')
    await second.waitFor('CALL_CLOSED')
    await bothHear()
    await phone.hangup()
    await site.isEmpty()
    done('fork')
  } catch (error) {
    const tail = (log: string) => log.trimEnd().split('\n').slice(-15).join('\n')
    throw new Error(`${(error as Error).message}\n--- ngpilot\n${tail(site.ngpilot.logs())}\n--- Kamailio\n${tail(site.kamailio.logs())}`, { cause: error })
  }
}
