import { sdpOf } from './body.ts'
import type { SipMessage } from './message.ts'

/** What a SIP message says to the media plane, as a media request has it; the tags are SIP's From and To tags still. */
export interface SipMessageFacts {
  callId: string
  fromTag: string
  toTag?: string
  sdp?: Buffer
  sip: {
    method: string
    status?: number
    cseq: number
    branch?: string
    requestUri?: string
    fromUri: string
    toUri: string
    userAgent?: string
    headers: SipMessage['headers']
  }
}

/** @throws NgpilotError what `sdpOf` throws */
export function factsOf (message: SipMessage): SipMessageFacts {
  const sdp = sdpOf(message)
  return {
    callId: message.callId,
    fromTag: message.fromTag,
    ...(message.toTag !== undefined && { toTag: message.toTag }),
    ...(sdp && { sdp }),
    sip: {
      method: message.method ?? message.cseq.method,
      ...(message.status !== undefined && { status: message.status }),
      cseq: message.cseq.number,
      ...(message.viaBranch !== undefined && { branch: message.viaBranch }),
      ...(message.requestUri !== undefined && { requestUri: message.requestUri }),
      fromUri: message.fromUri,
      toUri: message.toUri,
      ...(message.userAgent !== undefined && { userAgent: message.userAgent }),
      headers: message.headers,
    },
  }
}
