import { C, type UA } from 'jssip'
import type { Settings } from './api.ts'
import { type Call, placeCall } from './call.ts'
import { clearLegs, watchLegs } from './legs.ts'
import { type LineState, openLine } from './line.ts'
import { measure } from './meter.ts'
import { openMicrophone } from './microphone.ts'
import {
  page, showCallButton, showDuring, showFact, showKeypad, showProblem, showReading, showState, showTimer,
} from './page.ts'
import { Problem } from './problems.ts'

const settings = await (await fetch('settings.json')).json() as Settings
showFact('media-addresses', settings.mediaAddresses.join('\n'))
showFact('phone-uri', settings.phone.replace('sip:', ''))

let isReady = false
let call: Call | undefined
const ua = openLine(settings, showLine)

page.call.addEventListener('click', () => {
  if (call) call.hangUp()
  else void startCall(ua)
})
page.mute.addEventListener('click', () => {
  if (call?.session.isMuted().audio) call.session.unmute({ audio: true })
  else call?.session.mute({ audio: true })
})
page.hold.addEventListener('click', () => {
  if (call?.session.isOnHold().local) call.session.unhold()
  else call?.session.hold()
})
page.keys.addEventListener('click', () => showKeypad(page.keypad.hidden !== false))
page.keypad.append(...Array.from('123456789*0#', keyButton))

/** From the click to the end of the call. */
async function startCall (ua: UA): Promise<void> {
  page.call.disabled = true
  showProblem()
  clearLegs()
  const microphone = await openMicrophone(page.processing.checked).catch((problem: unknown) => {
    showProblem(problem as Problem)
    return undefined
  })
  page.call.disabled = !isReady
  if (!microphone) return

  const audio = new AudioContext()
  const stops = [measure(audio, microphone, (reading) => showReading(page.microphone, reading))]
  let callId: string | undefined
  showState('calling', 'Calling')
  showCallButton('Hang up')
  call = placeCall(ua, settings, microphone, {
    onSent: (id) => { callId = id },
    onRinging: () => showState('calling', 'Ringing'),
    onAnswered: () => {
      showState('talking', 'In call')
      showDuring(true)
      const answeredAt = Date.now()
      const timer = setInterval(() => showTimer((Date.now() - answeredAt) / 1000), 250)
      stops.push(() => clearInterval(timer))
    },
    onHold: (isHeld) => {
      page.hold.ariaPressed = String(isHeld)
      showState(isHeld ? 'held' : 'talking', isHeld ? 'On hold' : 'In call')
    },
    onEcho: (stream) => {
      page.speaker.srcObject = stream
      stops.push(measure(audio, stream, (reading) => showReading(page.echo, reading)))
    },
    onEnd: (problem) => {
      call = undefined
      for (const stop of stops) stop()
      for (const track of microphone.getTracks()) track.stop()
      void audio.close()
      endCall(problem)
    },
  })
  call.session.on('muted', () => { page.mute.ariaPressed = 'true' })
  call.session.on('unmuted', () => { page.mute.ariaPressed = 'false' })
  stops.push(watchLegs(call.session.connection, () => callId))
}

function endCall (problem?: Problem): void {
  page.speaker.srcObject = null
  for (const meter of [page.microphone, page.echo]) showReading(meter, { level: 0 })
  showDuring(false)
  showTimer(undefined)
  showCallButton('Call')
  showProblem(problem)
  showState(isReady ? 'ready' : 'connecting', isReady ? 'Ready' : 'Connecting')
  page.call.disabled = !isReady
}

function showLine (state: LineState, detail: string): void {
  isReady = state === 'registered'
  if (state === 'unreachable') {
    showProblem(new Problem(`Kamailio does not answer at ${detail}. This page tries again by itself; it must be open on the machine that the demo runs on, where that address leads to Kamailio.`))
  } else if (state === 'refused') {
    showProblem(new Problem(`Not registered: Kamailio answered ${detail}. The terminal of the demo may tell more; reload the page to try again.`))
  } else if (!call) showProblem()
  if (call) return // A call goes on without its registration.
  page.call.disabled = !isReady
  showState(isReady ? 'ready' : 'connecting', { registered: 'Ready', unreachable: 'Connecting', refused: 'Not registered' }[state])
}

function keyButton (key: string): HTMLButtonElement {
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = key
  button.addEventListener('click', () => call?.session.sendDTMF(key, { transportType: C.DTMF_TRANSPORT.RFC2833 }))
  return button
}
