import { NgpilotError } from '../errors.ts'
import { byGravity } from '../finding.ts'
import { check, type LegKind } from '../sdp/conformance.ts'
import { endingsOf, readLoosely } from '../sdp/parse.ts'
import { effective, type SdpView, viewOf } from '../sdp/view.ts'
import { kindOf, type LegHints, type TraceLeg } from './legs.ts'
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
    const leg: TraceLeg = { name: kind, kind, by: told ? 'as told' : 'by the SDP itself' }
    legs.push(leg)
    const role = offer || answers(sdp) ? 'answer' : 'offer'
    return check(sdp, { direction: 'out', role, leg, ...offer && { offer } }).map((finding) => ({ ...finding, messages: [index + 1] }))
  })
  return { legs, findings: findings.sort(byGravity) }
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
