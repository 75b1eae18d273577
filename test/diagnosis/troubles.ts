import { setTimeout as sleep } from 'node:timers/promises'
import type { StackContext } from '../../stack/context.ts'
import { mediaCall, type MediaCallOptions, type MediaSite } from '../support/media-call.ts'

/** A trouble made for real, and what the diagnosis must find. Each call is one of its own. */
export interface Trouble {
  name: string
  /** Ids in alphabetical order, each with the role of its leg; nothing else may be found. */
  expected: string[]
  /** On rtpengine 26.0, where that is something else. */
  expectedOf26?: string[]
  options: Omit<MediaCallOptions, 'callId'>
  /** What happens after the call has begun. */
  happen?: (call: Awaited<ReturnType<typeof mediaCall>>) => Promise<void>
  /** Seconds after the answer within which it must be found. */
  within: number
}

/** Those that show within the first samples. */
export const earlyTroubles: Trouble[] = [
  { name: 'healthy', expected: [], options: {}, within: 8 },
  { name: 'SRTP packets with a wrong key', expected: ['DX-04 callee'], options: { isSrtp: true, callee: { isGarbage: true } }, within: 8 },
  { name: 'the callee sends nothing', expected: ['DX-06 callee'], options: {}, happen: callee('silence'), within: 8 },
  {
    name: 'nobody sends', expected: ['DX-05'], options: {}, within: 8,
    happen: async (call) => {
      call.caller.silence()
      call.callee.silence()
      return Promise.resolve()
    },
  },
  { name: 'the browser never takes the answer', expected: ['DX-01 caller'], options: { caller: 'browser' }, within: 8 },
  { name: '30 ms against 20 ms', expected: ['DX-11'], options: { caller: { ptime: 30 } }, within: 8 },
  { name: 'the callee hears one packet in ten too few', expected: ['DX-13 callee'], options: { callee: { hears: 0.9 } }, within: 8 },
]

/** Those that take a while. */
export const lateTroubles: Trouble[] = [
  { name: 'healthy for a minute', expected: [], options: {}, within: 60 },
  { name: 'one packet in ten lost on the way in', expected: ['DX-12 caller'], options: { caller: { loses: 0.1 } }, within: 30 },
  {
    name: 'one in ten of both sides lost on the way in, as by a node short of CPU', expected: ['DX-22'], within: 30,
    options: { caller: { loses: 0.1 }, callee: { loses: 0.1 } },
  },
  {
    name: 'the callee stops after 12 s', expected: ['DX-28 callee'], options: {}, within: 50,
    happen: async (call) => {
      await sleep(12_000)
      call.callee.silence()
    },
  },
  {
    name: 'the callee stops at a re-INVITE', expected: ['DX-27 callee'], options: {}, within: 30,
    happen: async (call) => {
      await sleep(7000)
      await call.renegotiate()
      call.callee.silence()
    },
  },
]

const alsoPcma = (sdp: string) => sdp.replace(/RTP\/AVP 0/, 'RTP/AVP 0 8')
const withVideo = (sdp: string) => `${sdp}m=video 40404 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n`

/** Those that need the endpoints of test/diagnosis/policy. */
export const moreTroubles: Trouble[] = [
  {
    name: 'ICE stuck: no candidate ever', expected: ['DX-30 caller'], within: 8,
    options: { caller: 'browser', browserSdp: 'chromium-audio-createoffer' },
  },
  {
    name: 'an address that nothing comes from', expected: ['DX-06 callee'], within: 8, happen: callee('silence'),
    options: { edit: { callee: (sdp) => sdp.replaceAll('IN IP4 127.0.0.1', 'IN IP4 192.168.77.7') } },
  },
  {
    name: 'learning switched off, the caller waits', expected: ['DX-06 caller', 'DX-08 caller'], within: 8,
    options: { kind: { callee: 'not-learned' } },
    happen (call) {
      call.caller.silence()
      return Promise.resolve()
    },
  },
  {
    name: 'the caller sends PCMA, the callee PCMU', expected: ['DX-09', 'DX-10 caller'], within: 8,
    options: { caller: { payloadType: 8 }, edit: { caller: alsoPcma, callee: alsoPcma } },
  },
  { name: 'transcoding asked for, from a codec nobody has', expected: ['DX-29'], options: { kind: { callee: 'vain-transcoding' } }, within: 8 },
  { name: '320 ms there and back', expected: ['DX-14 caller'], options: { caller: { farMs: 320 } }, within: 8 },
  {
    name: 'DTMF lost: Firefox speaks opus (and the page is not there)', expected: ['DX-01 caller', 'DX-20 caller'], within: 8,
    // It keeps telephone-event at 8000 beside opus, so that nothing is lost.
    expectedOf26: ['DX-01 caller'],
    options: { caller: 'browser', browserSdp: 'firefox-audio-gathered', kind: { callee: 'phone', caller: 'opus-alone' } },
  },
  { name: 'SRTP where both can: answered in clear', expected: ['DX-24 callee'], options: { kind: { callee: 'best-effort' } }, within: 8 },
  {
    name: 'video agreed, none sent', expected: ['DX-25'], within: 8,
    options: { kind: { callee: 'video-phone', caller: 'video-phone' }, edit: { caller: withVideo, callee: withVideo } },
  },
]

export interface Found { trouble: Trouble, found: string[], afterSeconds?: number }

/** Makes each with a call of its own, side by side. All at once would be more than a cold ngpilot lets wait. */
export async function makeAll (t: StackContext, site: MediaSite, troubles: readonly Trouble[]): Promise<Found[]> {
  return Promise.all(troubles.map(async (trouble, index) => {
    await sleep(index * 200)
    return make(t, site, trouble, `trouble-${index}`)
  }))
}

/** Makes the trouble and waits until it has been found, or its time is over. */
async function make (t: StackContext, site: MediaSite, trouble: Trouble, callId: string): Promise<Found> {
  const call = await mediaCall(t, site, { callId, ...trouble.options })
  const begun = performance.now()
  await trouble.happen?.(call)
  let found: string[] = []
  let afterSeconds: number | undefined
  // It is watched to the end: a false alarm may come late, beside what is right as well as without it.
  while (performance.now() - begun < trouble.within * 1000) {
    await sleep(500)
    found = findingsIn(site.ngpilot.logs(), callId)
    const isFound = trouble.expected.length > 0 && found.length >= trouble.expected.length
    if (isFound) afterSeconds ??= (performance.now() - begun) / 1000
  }
  return { trouble, found, ...afterSeconds !== undefined && { afterSeconds } }
}

/** What ngpilot has found by itself in the media of a call, or of all but those in `others`, as its log tells. */
export function findingsIn (log: string, callId?: string, others: ReadonlySet<string> = new Set()): string[] {
  const lines = log.split('\n').filter((line) => line.includes('"finding"'))
  const told = lines.map((line) => JSON.parse(line) as { callId: string, finding: string, leg?: string })
  return told.filter((each) => (callId === undefined || each.callId === callId) && !others.has(each.callId) && each.finding.startsWith('DX-'))
    .map(({ finding, leg }) => leg === undefined ? finding : `${finding} ${leg.split(' ')[0] ?? ''}`).sort()
}

/** The calls that a log tells of. */
export function callsIn (log: string): ReadonlySet<string> {
  return new Set(Array.from(log.matchAll(/"callId":("(?:[^"\\]|\\.)*")/g), ([, id = '']) => JSON.parse(id) as string))
}

function callee (what: 'silence'): NonNullable<Trouble['happen']> {
  return (call) => {
    call.callee[what]()
    return Promise.resolve()
  }
}
