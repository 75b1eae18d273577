import type { RTCSession } from 'jssip/lib/RTCSession.js'
import type { UA } from 'jssip'
import type { Settings } from './api.ts'
import { callProblem, iceProblem, noCandidateProblem, Problem } from './problems.ts'

/** What a call tells the page. */
export interface CallListener {
  onSent: (callId: string) => void
  onRinging: () => void
  onAnswered: () => void
  onHold: (isHeld: boolean) => void
  onEcho: (stream: MediaStream) => void
  /** The call is over; with a problem unless this side hung up. */
  onEnd: (problem?: Problem) => void
}

/** A call that has been placed. */
export interface Call { session: RTCSession, hangUp: () => void }

/** What is read of the events that end a call; the types of JsSIP leave out that a message may be missing. */
interface End {
  message: { method: string, status_code?: number, reason_phrase?: string } | null
  cause: string
}

const gatheringMs = 3000

/** Calls the phone with a microphone that is open already. */
export function placeCall (ua: UA, settings: Settings, microphone: MediaStream, listener: CallListener): Call {
  const session = ua.call(settings.phone, { mediaStream: microphone })
  const { connection } = session
  let isHungUp = false
  let hasCandidate = false
  let problem: Problem | undefined
  const hangUp = () => {
    isHungUp = true
    session.terminate()
  }

  // JsSIP sends the INVITE when gathering is complete, and without any network Chromium never completes it.
  const gathering = setTimeout(() => { if (!hasCandidate) session.terminate() }, gatheringMs)
  session.on('icecandidate', () => { hasCandidate = true })
  session.on('sending', ({ request }) => {
    clearTimeout(gathering)
    listener.onSent(request.call_id)
  })
  session.on('progress', listener.onRinging)
  session.on('confirmed', listener.onAnswered)
  session.on('hold', () => listener.onHold(true))
  session.on('unhold', () => listener.onHold(false))
  session.on('peerconnection:setremotedescriptionfailed', (error: Error) => {
    problem = new Problem(`The browser refused the SDP of the answer: ${error.message}`)
  })
  connection.addEventListener('track', ({ streams, track }) => listener.onEcho(streams[0] ?? new MediaStream([track])))

  const end = ({ message, cause }: End) => {
    clearTimeout(gathering)
    // When ICE fails, JsSIP ends the call: by BYE, or as if it had been cancelled.
    if (cause === 'RTP Timeout' || cause === 'Canceled') {
      problem ??= hasCandidate ? iceProblem(settings.mediaAddresses) : noCandidateProblem()
    }
    listener.onEnd(isHungUp ? undefined : problem ?? callProblem(cause, message?.status_code, message?.reason_phrase))
  }
  session.on('ended', end)
  session.on('failed', end)
  return { session, hangUp }
}
