import { NgpilotError } from '../errors.ts'
import { byGravity } from '../finding.ts'
import { check, type LegKind, type RuleFacts } from '../sdp/conformance.ts'
import { endingsOf, readLoosely } from '../sdp/parse.ts'
import { effective, type SdpView, viewOf } from '../sdp/view.ts'
import { kindOf, type LegHints, ownLeg, type TraceLeg } from './legs.ts'
import type { TraceFinding } from './media.ts'

const mostSdps = 64

/**
 * SDPs without SIP around them: one, or an offer and its answer, each as an endpoint gets it. What kind of endpoint, is as
 * told, or by the SDP itself. `messages` counts the SDPs from 1.
 */
export function sdpFindings (bytes: Buffer, hints: LegHints): { legs: TraceLeg[], findings: TraceFinding[] } {
  const parts = split(bytes)
  if (parts.length > mostSdps) throw new NgpilotError('too_large', `${parts.length} SDPs; at most ${mostSdps} at once`)
  const views = parts.map((each) => viewOf(readLoosely(each).sdp, endingsOf(each.toString('latin1'))))
  const legs: TraceLeg[] = []
  const findings = views.flatMap((sdp, index) => {
    const offer = index % 2 === 1 ? views[index - 1] : undefined
    const told = hints.otherwise
    const kind: LegKind = told ?? kindOf(offer?.live ?? sdp.live) ?? kindOf(sdp.live) ?? 'plain'
    const leg: TraceLeg = { name: kind, kind, by: told ? 'as told' : 'by the SDP itself', ...!told && keyedIce(offer ?? sdp) }
    legs.push(leg)
    const isOfPair = views.length > 1 && (index % 2 === 1 || index + 1 < views.length)
    const role = offer || (!isOfPair && answers(sdp)) ? 'answer' : 'offer'
    // Of a pair nothing stands between offer and answer that could transcode.
    const facts: Omit<RuleFacts, 'direction'> = { role, leg, ...offer && { offer, isTranscoding: false } }
    const out = check(sdp, { ...facts, direction: 'out' })
    const sent = offer ? check(sdp, { ...facts, direction: 'in' }).filter(({ id }) => !out.some((other) => other.id === id)) : []
    return [...out, ...sent].map((finding) => ({ ...finding, messages: [index + 1] }))
  })
  return { legs, findings: findings.sort(byGravity) }
}

/**
 * Phones and trunks with SDES that do ICE themselves (media bypass). ICE beside plain RTP is most often what was left in on
 * the way from a browser, so that it is looked at as such.
 */
function keyedIce (sdp: SdpView): ReturnType<typeof ownLeg> | object {
  const own = ownLeg(sdp)
  return own?.kind === 'sdes' && own.takesIce === true && own.takesMux === true ? own : {}
}

/** A DTLS role is chosen by an answer (RFC 8842 §5.3). */
function answers (sdp: SdpView): boolean {
  return sdp.live.some((media) => ['active', 'passive'].includes(effective(sdp, media, 'setup')?.value ?? ''))
}

/** Each begins with v=0. Empty lines between two belong to none. */
function split (bytes: Buffer): Buffer[] {
  const text = bytes.toString('latin1')
  const starts = [...text.matchAll(/(?<=^(?:\xef\xbb\xbf)?)v=0/gm)].map(({ index }) => index)
  return starts.map((start, index) => {
    const end = starts[index + 1]
    return Buffer.from(end === undefined ? text.slice(start) : withoutEmptyEnd(text.slice(start, end)), 'latin1')
  })
}

/** One line end stays. */
function withoutEmptyEnd (text: string): string {
  const kept = text.trimEnd()
  return kept + (/^\r?\n/.exec(text.slice(kept.length))?.[0] ?? '')
}
