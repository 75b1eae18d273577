import * as JsSIP from 'jssip'
import type { RTCSession } from 'jssip/lib/RTCSession.js'
import type { WebPhone } from './api.ts'

let ua: JsSIP.UA | undefined
let session: RTCSession | undefined
let ending: Promise<string> = Promise.resolve('none')
let incomingCall: Promise<void> | undefined
let analyser: AnalyserNode | undefined
let spoiled: Parameters<WebPhone['spoil']>[0] = 'nothing'

const phone: WebPhone = {
  register: (webSocket, uri) => new Promise((resolve, reject) => {
    ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(webSocket)], uri, register: true, register_expires: 120, session_timers: false,
    })
    ua.on('registered', () => resolve())
    ua.on('registrationFailed', ({ cause }) => reject(new Error(`not registered: ${cause ?? 'no cause'}`)))
    ua.on('newRTCSession', ({ session: incoming, originator }: { session: RTCSession, originator: string }) => {
      if (originator === 'remote') void answer(incoming)
    })
    ua.start()
  }),

  async call (target) {
    const microphone = await openMicrophone()
    if (!ua) throw new Error('not registered')
    await confirmed(take(ua.call(target, { mediaStream: microphone })))
  },

  answered: () => new Promise((resolve, reject) => {
    const look = () => incomingCall ? incomingCall.then(resolve, reject) : setTimeout(look, 20)
    void look()
  }),

  hold: () => new Promise((resolve, reject) => {
    if (!session?.hold({}, resolve)) reject(new Error('cannot hold now'))
  }),
  resume: () => new Promise((resolve, reject) => {
    if (!session?.unhold({}, resolve)) reject(new Error('cannot resume now'))
  }),
  restartIce: () => new Promise((resolve, reject) => {
    if (!session?.renegotiate({ rtcOfferConstraints: { iceRestart: true } }, resolve)) reject(new Error('cannot restart ICE now'))
  }),
  spoil: (what) => { spoiled = what },
  mute: async () => { await session?.connection.getSenders()[0]?.replaceTrack(null) },
  vanish: () => session?.connection.close(),
  sendDtmf (digit) {
    const sender = session?.connection.getSenders().find(({ dtmf }) => dtmf)
    if (!sender?.dtmf?.canInsertDTMF) throw new Error('the browser cannot send DTMF: no telephone-event was agreed on')
    sender.dtmf.insertDTMF(digit, 160)
  },
  hangup: () => session?.terminate(),
  ended: () => Promise.race([ending, new Promise<string>((resolve) => setTimeout(() => resolve('running'), 50))]),

  heardHz () {
    if (!analyser) return 0
    const spectrum = new Float32Array(analyser.frequencyBinCount)
    analyser.getFloatFrequencyData(spectrum)
    const highest = spectrum.reduce((most, value) => Math.max(most, value), -Infinity)
    return highest < -70 ? 0 : spectrum.indexOf(highest) * analyser.context.sampleRate / analyser.fftSize
  },

  async legs () {
    const connection = session?.connection
    const stats = [...await connection?.getStats() ?? []].map(([, report]) => report as Record<string, string>)
    const inbound = stats.find(({ type, kind, codecId }) => type === 'inbound-rtp' && kind === 'audio' && codecId !== undefined)
    return {
      ice: connection?.iceConnectionState ?? '',
      dtls: stats.find(({ type }) => type === 'transport')?.dtlsState ?? '',
      codec: stats.find(({ id }) => id === inbound?.codecId)?.mimeType ?? '',
      sent: connection?.localDescription?.sdp ?? '',
      got: connection?.remoteDescription?.sdp ?? '',
    }
  },
}

/** Follows a call: when it ends, and what comes in. */
function take (taken: RTCSession): RTCSession {
  session = taken
  taken.on('sdp', (event: { originator: string, sdp: string }) => {
    if (event.originator !== 'remote') return
    const line = spoiled === 'fingerprint' ? /^(a=fingerprint:\S+ ..):..:/m : /^(a=ice-pwd:.*).$/m
    if (spoiled === 'fingerprint' || spoiled === 'ice-pwd') event.sdp = event.sdp.replace(line, spoiled === 'fingerprint' ? '$1:5A:' : '$1x')
  })
  taken.on('sending', () => {
    if (spoiled === 'microphone') void phone.mute()
  })
  ending = new Promise((resolve) => {
    taken.on('ended', ({ cause }) => resolve(cause))
    taken.on('failed', ({ cause, message }) => {
      // JsSIP's types leave out that the message may be missing.
      const reply = message as { status_code?: number } | null
      resolve(reply?.status_code ? `${reply.status_code} ${cause}` : cause)
    })
  })
  const listen = (connection: RTCPeerConnection) => connection.addEventListener('track', ({ streams: [stream] }) => {
    if (stream) void hear(stream)
  })
  // Created at once for our own call, at the answer for another's.
  if ((taken.connection as RTCPeerConnection | undefined)) listen(taken.connection)
  else taken.on('peerconnection', ({ peerconnection }: { peerconnection: RTCPeerConnection }) => listen(peerconnection))
  return taken
}

async function answer (incoming: RTCSession): Promise<void> {
  incomingCall = confirmed(take(incoming))
  incoming.answer({ mediaStream: await openMicrophone() })
}

function openMicrophone (): Promise<MediaStream> {
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false }
  return navigator.mediaDevices.getUserMedia({ audio })
}

function confirmed (taken: RTCSession): Promise<void> {
  return new Promise((resolve, reject) => {
    taken.on('confirmed', () => resolve())
    void ending.then((cause) => reject(new Error(`the call was not answered: ${cause}`)))
  })
}

async function hear (stream: MediaStream): Promise<void> {
  const loudspeaker = new Audio()
  loudspeaker.srcObject = stream // Chromium decodes a remote track only for an element that plays.
  await loudspeaker.play()
  const audio = new AudioContext()
  analyser = new AnalyserNode(audio, { fftSize: 8192, smoothingTimeConstant: 0 })
  audio.createMediaStreamSource(stream).connect(analyser)
}

Object.assign(window, { phone })
