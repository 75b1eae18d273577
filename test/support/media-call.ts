import assert from 'node:assert/strict'
import type { CallExplanation } from '../../src/diagnosis/explanation.ts'
import type { StackContext } from '../../stack/context.ts'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { type RtpengineOptions, startRtpengine } from '../../stack/rtpengine.ts'
import { sdpFile } from './calls.ts'
import { type RtpEnd, type RtpEndOptions, startRtpEnd } from './rtp-end.ts'

/** ngpilot and rtpengine, asked over HTTP: calls whose media ends are the test's own. */
export async function startMediaSite (
  t: StackContext, { env = {}, rtpengine: ofNode = {} }: { env?: Record<string, string>, rtpengine?: RtpengineOptions } = {},
) {
  const rtpengine = await startRtpengine(t, ofNode)
  const ngpilot = await startNgpilot(t, {
    env: { NGPILOT_RTPENGINE_NODES: `n1=${rtpengine.address}:${rtpengine.port}`, NGPILOT_POLICY_DIRECTORY: 'policy', ...env },
  })
  const post = async (path: string, body: object) => {
    const reply = await fetch(`${ngpilot.url}${path}`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    })
    const text = await reply.text()
    assert.ok(reply.ok, `${path}: ${text}`)
    return text === '' ? '' : (JSON.parse(text) as { sdp: string }).sdp
  }
  const explain = async (callId: string): Promise<CallExplanation> => {
    const reply = await fetch(`${ngpilot.url}/v1/calls/${encodeURIComponent(callId)}/diagnosis`)
    const body = await reply.json() as CallExplanation
    assert.ok(reply.ok, JSON.stringify(body))
    return body
  }
  return { rtpengine, ngpilot, post, explain }
}

export type MediaSite = Awaited<ReturnType<typeof startMediaSite>>

const web = { transport: 'wss', address: '198.51.100.7', port: 51234 }
const udp = { transport: 'udp', address: '127.0.0.1', port: 5060 }
const tls = { transport: 'tls', address: '127.0.0.1', port: 5061 }

export interface MediaCallOptions {
  callId: string
  /** `browser`: an offer of Chromium's, whose ICE and DTLS nobody carries on with. Default: a phone. */
  caller?: 'phone' | 'browser' | RtpEndOptions
  callee?: RtpEndOptions
  /** What the offer of a browser is: a file of test/data/sdp. */
  browserSdp?: string
  /** What each end's SDP is changed to. */
  edit?: { caller?: (sdp: string) => string, callee?: (sdp: string) => string }
  /** The endpoint of test/diagnosis/policy that the callee is, or both are. */
  kind?: { callee: string, caller?: string }
  /** The callee speaks SDES. */
  isSrtp?: boolean
}

/** Sets a call up and lets both ends send. */
export async function mediaCall (t: StackContext, site: MediaSite, options: MediaCallOptions) {
  const { callId, caller: callerKind = 'phone', callee: calleeOptions = {}, isSrtp = false, kind } = options
  const { browserSdp = 'chromium-audio-gathered-loopback', edit = {} } = options
  const isBrowser = callerKind === 'browser'
  const caller = await startRtpEnd(t, typeof callerKind === 'object' ? callerKind : {})
  const callee = await startRtpEnd(t, calleeOptions)
  const ids = { callId, fromTag: `${callId}-a` }
  const callerPeer = { ...isBrowser ? web : udp, ...kind?.caller !== undefined && { vars: { kind: kind.caller } } }
  const calleePeer = { ...isSrtp ? tls : udp, ...kind && { vars: { kind: kind.callee } } }
  const callerSdp = edited(isBrowser ? sdpFile(browserSdp).toString() : phoneSdp(caller), edit.caller)
  const offered = await site.post('/v1/offer', { ...ids, sdp: callerSdp, source: callerPeer, destination: calleePeer })
  const events = /^a=rtpmap:(\d+) telephone-event\/8000/m.exec(offered)?.[1]
  const calleeSdp = edited(isSrtp ? srtpSdp(callee, offered, events) : phoneSdp(callee, events), edit.callee)
  const answer = { ...ids, toTag: `${callId}-b`, sdp: calleeSdp, source: calleePeer, destination: callerPeer }
  const answered = await site.post('/v1/answer', answer)
  callee.sendTo(offered)
  if (!isBrowser) caller.sendTo(answered)
  return {
    caller,
    callee,
    /** Sends the caller's offer again, in the dialog, and the answer to it. */
    async renegotiate () {
      await site.post('/v1/offer', { ...ids, toTag: answer.toTag, sdp: callerSdp, source: callerPeer, destination: calleePeer })
      await site.post('/v1/answer', answer)
    },
    end: () => site.post('/v1/delete', { callId }),
  }
}

const edited = (sdp: string, edit: (sdp: string) => string = (same) => same): string => edit(sdp)

function phoneSdp ({ port }: RtpEnd, events = '101', protocol = 'RTP/AVP', lines: string[] = []): string {
  return [
    'v=0', 'o=phone 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${port} ${protocol} 0 ${events}`,
    'a=rtpmap:0 PCMU/8000', `a=rtpmap:${events} telephone-event/8000`, ...lines, 'a=sendrecv', '',
  ].join('\r\n')
}

function srtpSdp (end: RtpEnd, offered: string, events: string | undefined): string {
  const tag = /^a=crypto:(\d+) AES_CM_128_HMAC_SHA1_80 /m.exec(offered)?.[1] ?? '1'
  return phoneSdp(end, events, 'RTP/SAVP', [`a=crypto:${tag} AES_CM_128_HMAC_SHA1_80 inline:${Buffer.alloc(30, 7).toString('base64')}`])
}
