import { codecsOf, type MediaCodec } from './codecs.ts'
import { isLive } from './mline.ts'
import type { Sdp, SdpMedia } from './sdp.ts'

/** `a=name:value`; `line` counts from 1 in the whole SDP. */
export interface Attribute { line: number, name: string, value: string }

/** `IN IP4 192.0.2.1`, in c=, o= or a=rtcp. */
export interface NetAddress { line: number, family: string, address: string }

/** `o=` (RFC 8866 §5.2). */
export interface Origin extends NetAddress { user: string, sessionId: string, version: string }

/** The session part or one m-line, its attributes by name. */
export interface Section {
  lines: readonly string[]
  firstLine: number
  attributes: ReadonlyMap<string, readonly Attribute[]>
}

export interface MediaView extends Section, SdpMedia {
  lines: string[]
  index: number
  isLive: boolean
  /** Its own c=, or that of the session. */
  connection?: NetAddress
  direction: Direction
  /** Its a=rtcp (RFC 3605): `49171 IN IP4 192.0.2.1`. */
  rtcp?: Attribute & { port: number, address?: NetAddress }
  /** In the order of the m-line, static ones by RFC 3551; formats that nothing names are left out. */
  codecs: readonly MediaCodec[]
}

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'
export const directions: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive']

/** How the lines of an SDP end: the first one without CR, and whether the last one ends at all. */
export interface Endings { bareLfLine?: number, isEnded: boolean }

/** An SDP as the conformance rules look at it, read once for all of them. */
export interface SdpView {
  session: Section
  media: readonly MediaView[]
  /** Those that can carry media. */
  live: readonly MediaView[]
  /** The first live audio. */
  audio?: MediaView
  origin?: Origin
  endings?: Endings
  /** Of all attributes in it. */
  names: ReadonlySet<string>
  /** Bytes, line endings included. */
  size: number
}

export function viewOf (sdp: Sdp, endings?: Endings): SdpView {
  const names = new Set<string>()
  const session = sectionOf(sdp.session, 1, names)
  const connection = connectionIn(session)
  const origin = originIn(session)
  const direction = directionIn(session) ?? 'sendrecv'
  let firstLine = 1 + sdp.session.length
  let size = sizeOf(sdp.session)
  const media: MediaView[] = []
  for (const part of sdp.media) {
    const section = sectionOf(part.lines, firstLine, names)
    const own = connectionIn(section) ?? connection
    const rtcp = rtcpIn(section)
    firstLine += part.lines.length
    size += sizeOf(part.lines)
    media.push({
      kind: part.kind,
      port: part.port,
      protocol: part.protocol,
      formats: part.formats,
      lines: part.lines,
      firstLine: section.firstLine,
      attributes: section.attributes,
      index: media.length,
      isLive: isLive(part),
      ...own && { connection: own },
      ...rtcp && { rtcp },
      direction: directionIn(section) ?? direction,
      codecs: codecsOf(part),
    })
  }
  const live = media.filter((part) => part.isLive)
  const audio = live.find(({ kind, port }) => kind === 'audio' && port !== 0)
  return { session, media, live, names, ...audio && { audio }, ...origin && { origin }, ...endings && { endings }, size }
}

/** All of that name in the section; none is an empty list. */
export function allOf (section: Section, name: string): readonly Attribute[] {
  return section.attributes.get(name) ?? none
}

export function firstOf (section: Section, name: string): Attribute | undefined {
  return section.attributes.get(name)?.[0]
}

/** Of the m-line, or else of the session, which stands for all m-lines (RFC 8866 §5). */
export function effective (sdp: SdpView, media: MediaView, name: string): Attribute | undefined {
  return firstOf(media, name) ?? firstOf(sdp.session, name)
}

/** Whether RTP and RTCP share a port (RFC 5761). */
export function isMuxed (media: MediaView): boolean {
  return media.attributes.has('rtcp-mux')
}

export function isRtp ({ protocol }: SdpMedia): boolean {
  return protocol.includes('RTP/')
}

function rtcpIn (section: Section): MediaView['rtcp'] {
  const attribute = firstOf(section, 'rtcp')
  if (!attribute) return undefined
  const { line, name, value } = attribute
  const [port, , family, address] = value.split(' ', 4)
  const rtcp = { line, name, value, port: Number(port) }
  return family === undefined || address === undefined ? rtcp : { ...rtcp, address: { line, family, address } }
}

/** `a=candidate` (RFC 8839 §5.1): what says whether a peer could be reached by it. */
export interface Candidate { attribute: Attribute, transport: string, address: string, type: string }

export function candidatesOf (media: MediaView): readonly Candidate[] {
  const attributes = media.attributes.get('candidate')
  if (!attributes) return []
  let candidates = readCandidates.get(attributes)
  if (!candidates) readCandidates.set(attributes, candidates = attributes.map(candidateOf))
  return candidates
}

/** Several rules ask for them. */
const readCandidates = new WeakMap<readonly Attribute[], readonly Candidate[]>()

/** `FOUNDATION COMPONENT TRANSPORT PRIORITY ADDRESS PORT typ TYPE`, without cutting out what nobody asks for. */
function candidateOf (attribute: Attribute): Candidate {
  const { value } = attribute
  const after = (at: number) => at < 0 ? -1 : value.indexOf(' ', at + 1)
  const word = (at: number) => {
    if (at < 0) return ''
    const end = after(at)
    return end < 0 ? value.slice(at + 1) : value.slice(at + 1, end)
  }
  const transport = after(after(0))
  const address = after(after(transport))
  const type = after(after(after(address)))
  return { attribute, transport: word(transport).toLowerCase(), address: word(address), type: word(type) }
}

const none: readonly Attribute[] = []

function sectionOf (lines: readonly string[], firstLine: number, names: Set<string>): Section {
  const attributes = new Map<string, Attribute[]>()
  for (let index = 0; index < lines.length; index++) {
    const text = lines[index] ?? ''
    if (!text.startsWith('a=')) continue
    const colon = text.indexOf(':')
    const name = colon < 0 ? text.slice(2) : text.slice(2, colon)
    const attribute = { line: firstLine + index, name, value: colon < 0 ? '' : text.slice(colon + 1) }
    const same = attributes.get(name)
    if (same) {
      same.push(attribute)
    } else {
      attributes.set(name, [attribute])
      names.add(name)
    }
  }
  return { lines, firstLine, attributes }
}

function connectionIn ({ lines, firstLine }: Section): NetAddress | undefined {
  const index = lines.findIndex((line) => line.startsWith('c='))
  if (index < 0) return undefined
  const [, family = '', address = ''] = (lines[index] ?? '').split(' ', 3)
  // A multicast address may bring its TTL: 233.252.0.1/127.
  const slash = address.indexOf('/')
  return { line: firstLine + index, family, address: slash < 0 ? address : address.slice(0, slash) }
}

function originIn ({ lines, firstLine }: Section): Origin | undefined {
  const index = lines.findIndex((line) => line.startsWith('o='))
  if (index < 0) return undefined
  const [user = '', sessionId = '', version = '', , family = '', address = ''] = (lines[index] ?? '').slice(2).split(' ')
  return { line: firstLine + index, user, sessionId, version, family, address }
}

function directionIn ({ attributes }: Section): Direction | undefined {
  for (const direction of directions) if (attributes.has(direction)) return direction
  return undefined
}

function sizeOf (lines: readonly string[]): number {
  let size = 0
  for (const line of lines) size += line.length + 2
  return size
}
