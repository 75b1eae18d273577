import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StackContext } from './context.ts'
import { type BaresipEvent, BaresipControl } from './control.ts'
import { type Daemon, type StartOptions, startDaemon } from './daemon.ts'
import { freePort } from './ports.ts'
import type { Pcm } from './tone.ts'
import { decodeWav } from './wav.ts'

const codecModules = { PCMU: 'g711', PCMA: 'g711', G722: 'g722', opus: 'opus' }
const encryptionModules = { srtp: 'srtp', 'srtp-mand': 'srtp', 'srtp-mandf': 'srtp', dtls_srtp: 'dtls_srtp' }

export interface BaresipOptions extends StartOptions {
  user: string
  /** Of its address. Default: 127.0.0.1 and its own port, for calls without a registrar. */
  domain?: string
  /** Registers here and sends all its requests here. */
  registrar?: { port: number, transport?: 'udp' | 'tcp' | 'tls' }
  password?: string
  /** All that it offers and accepts, besides telephone-event. Default: PCMU alone. */
  codecs?: readonly (keyof typeof codecModules)[]
  /** `srtp`: offers AVP with keys (OSRTP); `srtp-mand`: SAVP or no call. Default: plain RTP. */
  encryption?: keyof typeof encryptionModules
  /** A tone of so many hertz, or what it hears (until a re-INVITE: then baresip takes the bridge apart). Default: 440. */
  plays?: number | 'echo'
  /** Picks up at once. Default: true. */
  isAnswering?: boolean
}

/** A telephone without a sound card, on 127.0.0.1. */
export interface Baresip extends Daemon {
  uri: string
  sipPort: number
  events: () => readonly BaresipEvent[]
  /** Resolves with the first event of the type (and with that `param`), from the beginning on, within 5 s. */
  waitFor: (type: string, param?: string) => Promise<BaresipEvent>
  /** Calls, and resolves when the other end has picked up. @throws Error with the reason when it does not. */
  dial: (uri: string) => Promise<void>
  /** Picks up a call that rings. */
  accept: () => Promise<void>
  /** Ends the call, or declines one that rings. @throws Error when there is none. */
  hangup: () => Promise<void>
  /** Re-INVITE with `a=sendonly`, and the one that takes it back. */
  hold: () => Promise<void>
  resume: () => Promise<void>
  /** One digit, by telephone-event (RFC 4733). */
  sendDtmf: (digit: string) => Promise<void>
  /** What it heard in its latest call so far, from the last change of its codecs on. */
  heard: () => Promise<Pcm>
}

/** Starts baresip; it is ready when it can be called: registered, when it has a registrar. */
export async function startBaresip (context: StackContext, options: BaresipOptions): Promise<Baresip> {
  const { user, registrar, tree } = options
  // It takes the next one for SIP over TLS.
  const sipPort = await freePort(2)
  const controlPort = await freePort()
  const daemon = await startDaemon(context, {
    name: 'baresip',
    ...(tree && { tree }),
    argv: ['baresip', '-4', '-s', '-f', '/srv'],
    files: { config: configOf(options, sipPort, controlPort) },
    isReady: async ({ logs }) => Promise.resolve(logs().includes('baresip is ready')),
  })
  const control = await BaresipControl.connect(controlPort)
  context.after(async () => {
    control.close()
    return Promise.resolve()
  })
  const uri = `sip:${user}@${options.domain ?? `127.0.0.1:${sipPort}`}`
  await control.command('uanew', accountOf(options, uri))
  if (registrar) {
    const outcome = await control.waitFor(({ type }) => type === 'REGISTER_OK' || type === 'REGISTER_FAIL')
    if (outcome.type === 'REGISTER_FAIL') throw new Error(`${uri} could not register: ${outcome.param ?? 'no reason given'}`)
  }
  const tell = async (command: string, params?: string) => { await control.command(command, params) }
  return {
    ...daemon,
    uri,
    sipPort,
    events: () => control.events,
    waitFor: (type, param) => control.waitFor((event) =>
      event.type === type && (param === undefined || event.param === param)),
    async dial (callee) {
      const after = control.events.length
      await control.command('dial', callee)
      const outcome = await control.waitFor(isCallOutcome, { after, withinMs: 10_000 })
      if (outcome.type === 'CALL_CLOSED') throw new Error(`${callee} did not pick up: ${outcome.param ?? 'no reason given'}`)
    },
    accept: () => tell('accept'),
    hangup: () => hangUp(control),
    hold: () => tell('hold'),
    resume: () => tell('resume'),
    sendDtmf: (digit) => tell('sndcode', digit),
    heard: async () => heardIn(daemon.folder),
  }
}

/** baresip forgets a BYE that it has to send before the ACK is there, so it is told until the call is closed. */
async function hangUp (control: BaresipControl): Promise<void> {
  const after = control.events.length
  for (let tries = 0; tries < 10; tries++) {
    await control.command('hangup')
    const closed = control.waitFor(({ type }) => type === 'CALL_CLOSED', { after, withinMs: 200 })
    if (await closed.then(() => true, () => false)) return
  }
  throw new Error('there is no call to hang up')
}

function isCallOutcome ({ type }: BaresipEvent): boolean {
  return type === 'CALL_ESTABLISHED' || type === 'CALL_CLOSED'
}

function accountOf (options: BaresipOptions, uri: string): string {
  const { registrar, codecs = ['PCMU'], encryption, password, isAnswering = true } = options
  const parameters = [
    registrar ? `regint=60;outbound="sip:127.0.0.1:${registrar.port};transport=${registrar.transport ?? 'udp'}"` : 'regint=0',
    `audio_codecs=${codecs.join(',')}`,
    `answermode=${isAnswering ? 'auto' : 'manual'}`,
    ...(encryption ? [`mediaenc=${encryption}`] : []),
    ...(password ? [`auth_pass=${password}`] : []),
  ]
  return `<${uri}>;${parameters.join(';')}`
}

function configOf ({ codecs = ['PCMU'], encryption, plays = 440 }: BaresipOptions, sipPort: number, controlPort: number): string {
  const isEcho = plays === 'echo'
  const modules = new Set([
    ...codecs.map((codec) => codecModules[codec]), ...(encryption ? [encryptionModules[encryption]] : []),
    ...(isEcho ? [] : ['ausine']), 'aubridge', 'sndfile',
  ])
  return [
    // Without it the SDP would name an address of another interface, to which an rtpengine on loopback cannot send.
    'net_interface 127.0.0.1',
    `sip_listen 127.0.0.1:${sipPort}`,
    'sip_verify_server no',
    'jitter_buffer_delay 1-5',
    'module_path /usr/lib/baresip/modules',
    ...[...modules].map((name) => `module ${name}.so`),
    'module_app menu.so', 'ringback_disabled yes', 'statmode_default off',
    'module_app ctrl_tcp.so', `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
    'audio_alert none', 'snd_path /srv',
    // A bridge that nobody reads is a silent loudspeaker; one that is read echoes, both sides at the codec's rate. (The
    // player that writes a file crashes baresip 1.1 when a re-INVITE starts it again.)
    'audio_player aubridge,loudspeaker',
    ...isEcho ? ['audio_source aubridge,loudspeaker'] : [
      `audio_source ausine,${plays}`, 'ausrc_srate 48000', 'ausrc_channels 1', // ausine knows 48 kHz alone
    ],
    '',
  ].join('\n')
}

/** The `sndfile` module writes what was decoded into `dump-TIME-dec.wav`. */
async function heardIn (folder: string): Promise<Pcm> {
  const recordings = (await readdir(folder)).filter((name) => name.endsWith('-dec.wav')).sort()
  const latest = recordings.at(-1)
  if (!latest) throw new Error('baresip has heard nothing yet: no call, or no media')
  return decodeWav(await readFile(join(folder, latest)))
}
