import { isLive, midOf, readMediaLine } from './mline.ts'
import type { Sdp, SdpMedia } from './sdp.ts'

/**
 * An m-line kept from the other leg. `index` is its place in the SDP of the leg that has it; `line` is the rejected form
 * that this leg gets instead: `m=video 0 UDP/TLS/RTP/SAVPF 96`.
 */
export interface HiddenMedia { index: number, line: string, mid?: string }

/**
 * Takes out of an offer what the other leg must not see: m-lines of other kinds than `keepKinds` and, in the first offer of
 * a call, dead ones. `media` may come out empty; what then is for the caller to say.
 *
 * m-lines never go away again (RFC 3264 §8), on no leg. So in a later offer a dead m-line that the other leg knows stays;
 * one that was hidden stays hidden, unless it has come to life as a kind to keep with none behind it.
 *
 * @param before what was hidden of this leg up to now; undefined for the first offer of a call
 * @returns `hidden` in place of `before`
 */
export function hideMedia (
  sdp: Sdp, keepKinds: readonly string[], before?: readonly HiddenMedia[],
): { sdp: Sdp, hidden: HiddenMedia[] } {
  const wasHidden = new Set(before?.map(({ index }) => index))
  let isLastShown = true
  const isShown = sdp.media.map(() => true)
  for (const [index, part] of [...sdp.media.entries()].reverse()) {
    const isAllowed = wasHidden.has(index) ? isLive(part) && isLastShown : isLive(part) || before !== undefined
    isShown[index] = isAllowed && keepKinds.includes(part.kind)
    if (isShown[index]) isLastShown = false
  }
  const hidden = sdp.media.flatMap((part, index) => isShown[index] ? [] : [hiddenFrom(part, index)])
  return { sdp: shownOnly(sdp, isShown), hidden }
}

/**
 * Puts hidden m-lines back, rejected, into what goes to their leg, answer and offer alike: it must find each of its m-lines
 * at its place (RFC 3264 §6, §8; RFC 9429 §5.2.2, §5.3.1).
 */
export function restoreMedia (sdp: Sdp, hidden: readonly HiddenMedia[]): Sdp {
  const media: SdpMedia[] = []
  let next = 0
  const needsConnection = !sdp.session.some((line) => line.startsWith('c='))
  for (const { index, line, mid } of [...hidden].sort((a, b) => a.index - b.index)) {
    while (media.length < index && next < sdp.media.length) media.push(...sdp.media.slice(next, ++next))
    const lines = [line]
    if (needsConnection) lines.push('c=IN IP4 0.0.0.0')
    if (mid !== undefined) lines.push(`a=mid:${mid}`)
    media.push({ ...readMediaLine(line, `hidden m-line ${index}`), lines })
  }
  return { session: sdp.session, media: [...media, ...sdp.media.slice(next)] }
}

/**
 * Takes restored m-lines out of the answer that their leg gave, before the node sees it. Some endpoints leave a rejected
 * m-line out of their answer: where another kind stands in its place, nothing is taken.
 */
export function dropHidden (sdp: Sdp, hidden: readonly HiddenMedia[]): Sdp {
  const kinds = new Map(hidden.map(({ index, line }) => [index, readMediaLine(line, `hidden m-line ${index}`).kind]))
  let index = 0
  const isShown = sdp.media.map(({ kind }) => {
    while (kinds.has(index) && kinds.get(index) !== kind) index++
    return !kinds.has(index++)
  })
  return shownOnly(sdp, isShown)
}

/** The m-lines of a leg's SDP that its node does not have, so that the other leg never saw them. `kinds`: what it has. */
export function hiddenBeside (sdp: Sdp, kinds: readonly string[]): HiddenMedia[] {
  let next = 0
  return sdp.media.flatMap((part, index) => {
    if (part.kind !== kinds[next]) return [hiddenFrom(part, index)]
    next++
    return []
  })
}

/** Every m-line rejected (RFC 3264 §6): the session stays, and no media flows. */
export function refuseMedia ({ session, media }: Sdp): Sdp {
  const rejected = media.map((part) => {
    const line = `m=${part.kind} 0 ${part.protocol} ${part.formats.join(' ')}`
    return { ...part, port: 0, lines: [line, ...part.lines.slice(1)] }
  })
  return { session, media: rejected }
}

function hiddenFrom (part: SdpMedia, index: number): HiddenMedia {
  const { kind, protocol, formats: [format = '0'] } = part
  const line = `m=${kind} 0 ${protocol} ${format}`
  const mid = midOf(part)
  return mid === undefined ? { index, line } : { index, line, mid }
}

function shownOnly ({ session, media }: Sdp, isShown: boolean[]): Sdp {
  const gone = media.filter((_, index) => !isShown[index])
  if (gone.length === 0) return { session, media }
  return { session: ungroup(session, new Set(gone.map(midOf))), media: media.filter((_, index) => isShown[index]) }
}

/** Groups without `mids` (RFC 5888 §5, RFC 9143 §5): naming an m-line that is not there makes a browser refuse the SDP. */
function ungroup (session: string[], mids: ReadonlySet<string | undefined>): string[] {
  return session.flatMap((line) => {
    if (!line.startsWith('a=group:')) return [line]
    const [semantics, ...members] = line.split(' ')
    const left = members.filter((mid) => !mids.has(mid))
    return left.length === 0 ? [] : [[semantics, ...left].join(' ')]
  })
}
