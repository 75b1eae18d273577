import type { Evidence } from '../../finding.ts'
import { familyOf, isInternal, scopeOf } from '../scope.ts'
import { allOf, candidatesOf, firstOf, type MediaView, type NetAddress, type SdpView } from '../view.ts'
import { found, gather, ofAddress, ofAttribute, ofAttributes, ofMedia, type Rule, shown, sipKinds } from './rule.ts'

/** Where media is to be sent, and whether it could arrive there. */
export const anyAddresses: Rule[] = [
  {
    id: 'ANY-08',
    severity: 'error',
    leg: 'SIP',
    at: 'out',
    kinds: sipKinds,
    title: 'media address 0.0.0.0 or :: outside of a hold',
    why: 'The phone has nowhere to send: one-way or no audio.',
    fix: 'Let the browser gather candidates first, and let rtpengine write the address: no media-bypass, ICE: remove.',
    reference: 'RFC 3264 §8.4',
    check: ({ live }, { isAgain }) => isAgain === true ? undefined : found(gather(live, (media) => {
      const { connection, direction, port } = media
      const isNowhere = connection !== undefined && port !== 0 && scopeOf(connection.address) === 'unspecified'
      return isNowhere && (direction === 'sendrecv' || direction === 'recvonly') ? [ofAddress('c=', connection)] : []
    }), isAgain === false ? {} : { severity: 'note', confidence: 'low', detail: 'a hold of the old kind, unless it is the first offer of its call' }),
  },
  {
    id: 'ANY-09',
    severity: 'error',
    leg: 'any',
    at: 'out',
    title: 'an internal address towards a peer outside',
    why: 'The peer cannot send media to a private, loopback, link-local or .local address: no audio from it, and the inside of the network is told.',
    fix: 'Start rtpengine with --interface=NAME/ADDRESS!ADVERTISED; a private o= alone: ng: { replace: [origin] } (the presets have it).',
    reference: 'RFC 1918, RFC 8866 §5.7',
    check: (sdp, { isPublic }) => {
      if (isPublic === false) return undefined
      const media = gather(sdp.live, internalOf)
      if (media.length > 0) return found(media, isPublic === true ? {} : { severity: 'warning', confidence: 'low', detail: 'whether the peer is outside is not known' })
      const { origin } = sdp
      if (isPublic !== true || !origin || !isInternal(origin.address)) return undefined
      return found([ofAddress('o=', origin)], { severity: 'warning', detail: 'in o= alone' })
    },
  },
  {
    id: 'ANY-10',
    severity: 'error',
    leg: 'any',
    at: 'out',
    title: 'the media address of the other leg came through',
    why: 'rtpengine did not take the m-line over, so media goes past it: no ICE, DTLS or transcoding for it.',
    fix: 'Look at the reply of the node, and whether something rewrote the SDP after it; take media-address out of ng.',
    check: (sdp, { across }) => {
      if (!across) return undefined
      const there = new Set(across.live.map(endOf))
      return found(sdp.live.filter((media) => there.has(endOf(media)) && media.port > 9).map(ofMedia))
    },
  },
  {
    id: 'ANY-11',
    severity: 'warning',
    leg: 'any',
    at: 'out',
    title: 'o= does not follow on that of the SDP before',
    why: 'Session border controllers ignore a re-offer of the same session whose version has not grown by one, and refuse one of another session: hold, resume or new ports go unseen.',
    fix: 'ng: { replace: [origin, SDP-version, username] }, or the flag force-increment-sdp-ver from rtpengine 11.5.',
    reference: 'RFC 3264 §8',
    check: (sdp, { previous }) => {
      const [now, before] = [sdp.origin, previous?.origin]
      if (!previous || !now || !before) return undefined
      const versions = shown(`session ${now.sessionId}, version ${before.version} → ${now.version}`)
      const evidence: Evidence[] = [{ line: now.line, field: 'o=', value: versions }]
      if (now.sessionId !== before.sessionId) return found(evidence, { severity: 'error', detail: shown(`the session id was ${before.sessionId}`) })
      const step = compare(now.version, before.version)
      if (step < 0) return found(evidence, { severity: 'error', detail: 'the version went back' })
      return step === 0 && !isSameBody(sdp, previous) ? found(evidence, { detail: 'the SDP changed and the version did not grow' }) : undefined
    },
  },
  {
    id: 'ANY-12',
    severity: 'error',
    leg: 'any',
    at: 'each',
    title: 'the address family does not fit the address',
    why: 'Readers believe the word or the address, and media goes nowhere. Asked for IPv6 without such an interface, rtpengine writes IPv4 and says ok.',
    fix: 'Give rtpengine an interface of the family (--interface=NAME/ADDRESS), or take address-family out of ng.',
    reference: 'RFC 8866 §5.7',
    check: (sdp, { leg, direction }) => found(gather(addressesOf(sdp), ([field, address]) => {
      const real = familyOf(address.address)
      const isWrong = real !== undefined && real !== address.family
      const isNotAsked = direction === 'out' && field === 'c=' && leg.family !== undefined && real !== undefined && real !== leg.family
      return isWrong || isNotAsked ? [ofAddress(field, address)] : []
    })),
  },
  {
    id: 'ANY-16',
    severity: 'error',
    leg: 'any',
    at: 'each',
    title: 'two m-lines at the same port without BUNDLE',
    why: 'The streams cannot be told apart; one of them is silent.',
    fix: 'Mend what writes the SDP; rtpengine gives each m-line a port of its own.',
    reference: 'RFC 9143 §1',
    check: ({ live, session }) => {
      if (live.length < 2) return undefined
      const bundled = allOf(session, 'group').filter(({ value }) => value.startsWith('BUNDLE')).flatMap(({ value }) => value.split(' '))
      const isLoose = (media: MediaView) => !bundled.includes(firstOf(media, 'mid')?.value ?? '')
      const ends = new Set<string>()
      return found(live.filter((media) => {
        if (media.port < 10 || !isLoose(media)) return false
        const end = endOf(media)
        const isTaken = ends.has(end)
        ends.add(end)
        return isTaken
      }).map(ofMedia))
    },
  },
]

function internalOf (media: MediaView): Evidence[] {
  const candidates = candidatesOf(media)
  // With ICE the candidates count, and one that can be reached is enough.
  if (candidates.length > 0) {
    if (!candidates.every(({ address }) => isInternal(address))) return []
    return ofAttributes(candidates.slice(0, 2).map(({ attribute }) => attribute))
  }
  const rtcp = media.rtcp
  return [
    ...media.connection && isInternal(media.connection.address) ? [ofAddress('c=', media.connection)] : [],
    ...rtcp?.address && isInternal(rtcp.address.address) ? [ofAttribute(rtcp)] : [],
  ]
}

function addressesOf ({ origin, media }: SdpView): [string, NetAddress][] {
  const all: [string, NetAddress][] = origin ? [['o=', origin]] : []
  let last: NetAddress | undefined
  for (const part of media) {
    if (part.connection && part.connection !== last) all.push(['c=', part.connection])
    last = part.connection
    const rtcp = part.rtcp?.address
    if (rtcp) all.push(['a=rtcp', rtcp])
  }
  return all
}

function endOf ({ connection, port }: MediaView): string {
  return `${connection?.address ?? ''} ${port}`
}

function compare (one: string, other: string): number {
  // NTP times fit into no Number exactly.
  if (one.length !== other.length) return one.length - other.length
  return one === other ? 0 : one < other ? -1 : 1
}

/** Line by line, o= aside. */
function isSameBody (one: SdpView, other: SdpView): boolean {
  const isSame = (these: readonly string[], those: readonly string[] = []) =>
    these.length === those.length && these.every((line, index) => line === those[index] || line.startsWith('o='))
  return one.media.length === other.media.length && isSame(one.session.lines, other.session.lines)
    && one.media.every(({ lines }, index) => isSame(lines, other.media[index]?.lines))
}
