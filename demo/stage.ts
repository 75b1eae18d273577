import type { Daemon } from '../stack/daemon.ts'
import type { StackContext } from '../stack/context.ts'
import { startKamailio } from '../stack/kamailio.ts'
import { startNgpilot } from '../stack/ngpilot.ts'
import type { PortRange } from '../stack/ports.ts'
import { startRtpengine } from '../stack/rtpengine.ts'
import { ensureTree } from '../stack/tree.ts'
import { startEchoPhone } from './echo-phone.ts'
import { type MediaView, viewMedia } from './media.ts'
import type { Backend } from './server.ts'
import type { Terminal } from './terminal.ts'
import { phoneViewOf } from './trace.ts'
import type { Settings } from './web/api.ts'

/** All that runs behind the page. */
export interface Stage {
  backend: Backend
  settings: Settings
  media: MediaView
  rtpPorts: PortRange
  /** By the name that a person reads. */
  programs: Record<'rtpengine' | 'ngpilot' | 'Kamailio' | 'phone', Program>
}

type Program = Omit<Daemon, 'folder'>

export interface StageOptions {
  /** For media, see `mediaAddresses`. */
  addresses: string[]
  terminal: Terminal
}

// A name that is reserved for such uses (RFC 2606); nobody looks it up.
const domain = 'demo.test'

/** Starts rtpengine, ngpilot, Kamailio and the phone, in the order in which they need each other. */
export async function startStage (context: StackContext, { addresses, terminal }: StageOptions): Promise<Stage> {
  const { say } = terminal
  const tree = await ensureTree({ onProgress: terminal.progress })
  const started = (name: string, what: string) => say(`  ${name.padEnd(10)} ${what}`)

  const further = addresses.slice(1).map((address) => `--interface=${address}`)
  const rtpengine = await startRtpengine(context, { tree, args: further })
  const { min, max } = rtpengine.rtpPorts
  started('rtpengine', `media at ${addresses.join(' and ')}, UDP ${min}–${max}`)

  const ngpilot = await startNgpilot(context, {
    env: { NGPILOT_RTPENGINE_NODES: `demo=${rtpengine.address}:${rtpengine.port}` },
    onLine: (line) => { if (/"level":"(warn|error|fatal)"/.test(line)) say(`ngpilot: ${line}`) },
  })
  started('ngpilot', ngpilot.url)

  const kamailio = await startKamailio(context, { tree, domain, settings: { NGPILOT_URL: ngpilot.url } })
  const webSocket = `ws://${kamailio.address}:${kamailio.wsPort}`
  started('Kamailio', webSocket)

  const phone = await startEchoPhone(context, { tree, domain, registrarPort: kamailio.sipPort })
  started('phone', `${phone.uri} sends back what it hears; PCMU only`)

  const programs = { rtpengine, ngpilot, Kamailio: kamailio, phone }
  tellOfEnds(context, programs, say)
  const media = viewMedia(context, rtpengine)
  const settings = { webSocket, domain, phone: phone.uri, mediaAddresses: addresses }
  return {
    settings,
    media,
    rtpPorts: rtpengine.rtpPorts,
    backend: {
      settings,
      async phoneLeg (callId) {
        const { tag, ...exchange } = phoneViewOf(phone.logs(), phone.sipAddress, callId)
        const codec = tag && await media.codecFrom(callId, tag)
        return { ...exchange, ...(codec && { codec }), digits: phone.keysIn(callId) }
      },
    },
    programs,
  }
}

/** The last lines that each program printed, for whoever has to find out why a call failed. */
export function lastLines (programs: Stage['programs']): string {
  return Object.entries(programs).map(([name, program]) => `--- ${name}\n${lastLinesOf(program)}`).join('\n')
}

/** A program that ends while the demo runs takes calls with it: then it should be told at once, with why. */
function tellOfEnds (context: StackContext, programs: Stage['programs'], say: Terminal['say']): void {
  let isEnding = false
  context.after(async () => {
    isEnding = true
    return Promise.resolve()
  })
  for (const [name, program] of Object.entries(programs)) {
    void program.ended.then((how) => {
      if (!isEnding) say(`\n${name} ended (${how}). Calls fail until the demo is started again. It printed:\n${lastLinesOf(program)}`)
    })
  }
}

function lastLinesOf ({ logs }: Program): string {
  return logs().trimEnd().split('\n').filter((line) => !line.includes(' INFO: ')).slice(-15).join('\n')
}
