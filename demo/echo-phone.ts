import type { StackContext } from '../stack/context.ts'
import { BaresipControl } from '../stack/control.ts'
import { type Daemon, startDaemon } from '../stack/daemon.ts'
import { freePort } from '../stack/ports.ts'

export interface EchoPhoneOptions {
  tree: string
  /** Where it registers: a SIP proxy on 127.0.0.1, over UDP. */
  registrarPort: number
  domain: string
}

/** A SIP phone that picks up at once and sends back what it hears. */
export interface EchoPhone extends Daemon {
  uri: string
  /** `127.0.0.1:PORT` of its SIP socket. */
  sipAddress: string
  /** The keys that the caller pressed so far. */
  keysIn: (callId: string) => string
}

/**
 * Starts baresip and resolves when it has registered. It speaks PCMU alone, takes one call at a time (a second caller is
 * told that it is busy), and prints every SIP message it sends and gets.
 */
export async function startEchoPhone (context: StackContext, options: EchoPhoneOptions): Promise<EchoPhone> {
  const { tree, registrarPort, domain } = options
  const sipAddress = `127.0.0.1:${await freePort()}`
  const controlPort = await freePort()
  const uri = `sip:echo@${domain}`
  const daemon = await startDaemon(context, {
    name: 'baresip',
    tree,
    argv: ['baresip', '-4', '-s', '-f', '/srv'],
    files: { config: configOf(sipAddress, controlPort) },
    isReady: async ({ logs }) => Promise.resolve(logs().includes('baresip is ready')),
  })
  const control = await BaresipControl.connect(controlPort)
  const repair = setInterval(repairBridge(control), 100)
  context.after(async () => {
    clearInterval(repair)
    control.close()
    return Promise.resolve()
  })
  const registrar = `sip:127.0.0.1:${registrarPort};transport=udp`
  await control.command('uanew', `<${uri}>;regint=60;outbound="${registrar}";audio_codecs=PCMU;answermode=auto`)
  const outcome = await control.waitFor(({ type }) => /^REGISTER_(OK|FAIL)$/.test(type))
  if (outcome.type === 'REGISTER_FAIL') throw new Error(`the phone could not register at Kamailio: ${outcome.param ?? 'no reason given'}`)
  return {
    ...daemon,
    uri,
    sipAddress,
    keysIn: (callId) => control.events.filter(({ type, id }) => type === 'CALL_DTMF_START' && id === callId)
      .map(({ param }) => param).join(''),
  }
}

/** What it hears and what it plays are the two ends of one bridge; there is no sound card. */
function configOf (sipAddress: string, controlPort: number): string {
  return [
    'net_interface 127.0.0.1', `sip_listen ${sipAddress}`, 'call_max_calls 1', 'jitter_buffer_delay 1-5',
    // A browser that vanished sends no BYE, and would keep the only line.
    'rtp_timeout 10',
    'module_path /usr/lib/baresip/modules', 'module g711.so', 'module aubridge.so',
    'module_app menu.so', 'ringback_disabled yes', 'statmode_default off',
    'module_app ctrl_tcp.so', `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
    'audio_source aubridge,echo', 'audio_player aubridge,echo', 'audio_alert none', '',
  ].join('\n')
}

/**
 * baresip 1.1 opens its player anew when the caller holds, and with that aubridge drops both ends of the bridge: after
 * the hold the phone would stay silent. A bridge by another name has both ends again. Called again and again.
 */
function repairBridge (control: BaresipControl): () => void {
  let seen = 0
  const known = new Set<string>()
  return () => {
    const fresh = control.events.slice(seen)
    seen += fresh.length
    for (const { type, id = '' } of fresh) {
      if (type !== 'CALL_REMOTE_SDP') continue
      if (known.has(id)) {
        void control.command('ausrc', `aubridge,echo-${seen}`)
        void control.command('auplay', `aubridge,echo-${seen}`)
      }
      known.add(id)
    }
  }
}
