import { setTimeout as sleep } from 'node:timers/promises'
import { type Baresip, type BaresipOptions, startBaresip } from '../../stack/baresip.ts'
import type { StackContext } from '../../stack/context.ts'
import type { Kamailio } from '../../stack/kamailio.ts'
import { measureTone } from '../../stack/tone.ts'

export const phoneHz = 1000
const silence = { samples: new Int16Array(0), sampleRate: 8000 }

export interface SipPhone extends Baresip {
  /** Waits until the phone hears a tone within 4 Hz of `hz`. @throws Error with what it heard instead. */
  hears (hz: number): Promise<void>
  /** The same of what comes from now on. */
  hearsAnew (hz: number): Promise<void>
  /** The SDP of the latest INVITE that it got, from its own trace. */
  offered (): string
}

/** A baresip that knows only PCMU and telephone-event, plays a tone of `phoneHz`, and is registered at Kamailio. */
export async function startSipPhone (
  t: StackContext, kamailio: Kamailio, options: Partial<BaresipOptions> = {},
): Promise<SipPhone> {
  const phone = await startBaresip(t, {
    user: 'phone', domain: kamailio.domain, registrar: { port: kamailio.sipPort }, codecs: ['PCMU'], plays: phoneHz, ...options,
  })
  /** Waits for the tone in what was recorded after the first `skip` samples; a new recording counts whole. */
  const hears = async (hz: number, skip = 0) => {
    let heard = { hz: 0, level: 0 }
    for (let tries = 0; tries < 150; tries++) {
      const { samples, sampleRate } = await phone.heard().catch(() => silence)
      const fresh = samples.subarray(samples.length < skip ? 0 : skip)
      if (skip === 0 || fresh.length > sampleRate) heard = measureTone({ samples: fresh, sampleRate })
      if (Math.abs(heard.hz - hz) <= 4 && heard.level > 0.01) return
      await sleep(100)
    }
    throw new Error(`the phone should hear ${hz} Hz; it hears ${JSON.stringify(heard)}`)
  }
  return {
    ...phone,
    hears: (hz) => hears(hz),
    hearsAnew: async (hz) => hears(hz, (await phone.heard()).samples.length),
    offered () {
      const trace = phone.logs().replaceAll('\r\n', '\n')
      const invite = trace.slice(trace.lastIndexOf('\nINVITE sip:'))
      return /\n\n(v=0\n[\s\S]*?)\n(?=[^a-z]|[a-z][^=])/.exec(`${invite}\n#`)?.[1] ?? ''
    },
  }
}
