import { NgpilotError } from '../errors.ts'
import { byGravity, findingOf, type FindingKind } from '../finding.ts'
import { isCapture } from './capture/pcap.ts'
import { type CaptureCounts, noCounts, sipOfCapture } from './capture/capture.ts'
import { callsOf, isOfCall, type TraceCall } from './calls.ts'
import type { LegHints, TraceLeg } from './legs.ts'
import { mediaFindings, type TraceFinding } from './media.ts'
import { quietMsOf } from './outcome.ts'
import type { Packet } from './packet.ts'
import { callReport, type CallReport } from './report.ts'
import { shown } from '../sdp/rules/rule.ts'
import { RtpStreams } from './rtp.ts'
import { DtlsHandshakes } from './dtls.ts'
import { IceChecks, iceKind } from './ice.ts'
import { sdpFindings } from './sdps.ts'
import { signallingRules, type TraceCase } from './signalling.ts'
import { type Summary, startTally } from './tally.ts'
import { isTable, sipOfTable } from './table.ts'
import { linesOf, sipOfText } from './text.ts'
import { messageOf, type TraceMessage } from './trace.ts'

export interface Analysis {
  /** What was read: a capture, a log, or SDPs alone. */
  kind: 'capture' | 'text' | 'sdp'
  /** SIP messages. */
  messages: number
  /** Of which method how many, requests and replies together. */
  methods: Record<string, number>
  /** How many calls have what. */
  summary: Summary
  /** In the order of their first messages; none where each was told as it ended. */
  calls: CallReport[]
  /** Of SDPs without SIP around them. */
  sdps: { legs: TraceLeg[], findings: TraceFinding[] } | undefined
  /** What could not be read, and why. */
  problems: string[]
}

export interface AnalyzeOptions {
  hints: LegHints
  /** Told now and then: bytes and messages so far. */
  onProgress?: (bytes: number, messages: number) => void
  /** Told each call when it is over. Without this all are held, as many as the trace has. */
  onCall?: (call: CallReport) => void
}

/** What a capture has beside SIP, each kind counted by itself. */
type Wire = readonly [IceChecks, DtlsHandshakes, RtpStreams]

/** So many messages are held of calls that are not over; of a trace with more at once the rest is not looked at. */
const mostMessages = 100_000
/** Each time that so many have come, calls that are over are judged and let go. */
const sweepMessages = 10_000
const mostProblems = 50
/** What a broken trace calls a method may be anything. */
const mostMethods = 1000
/** A header of a table fits in. */
const peekedBytes = 1024
/** SDPs alone are short; what is longer is no SDP. */
const mostSdpBytes = 262_144

/**
 * Reads a trace of any kind as it comes, in bounded memory, and says what is wrong with the calls in it.
 *
 * @throws NgpilotError `bad_request` when there is neither SIP nor SDP in it
 */
export async function analyze (
  chunks: AsyncIterable<Buffer>, { hints, onProgress, onCall }: AnalyzeOptions,
): Promise<Analysis> {
  const problems: string[] = []
  const complain = (problem: string): void => { if (problems.length < mostProblems) problems.push(problem) }
  const { start, all } = await peeked(chunks, (size) => onProgress?.(size, count))
  const instead = insteadOf(start)
  if (instead !== undefined) throw new NgpilotError('bad_request', instead)
  let messages: TraceMessage[] = []
  let count = 0
  const methods = new Map<string, number>()
  const calls: CallReport[] = []
  const tally = startTally()
  const tell = (call: CallReport): void => {
    tally.add(call)
    if (onCall) onCall(call)
    else calls.push(call)
  }
  const wire: Wire = [new IceChecks(), new DtlsHandshakes(), new RtpStreams()]
  const kind = isCapture(start) ? 'capture' : /^(?:\xef\xbb\xbf)?\s*v=0/.test(start.toString('latin1')) ? 'sdp' : 'text'
  if (kind === 'sdp') return { kind, messages: 0, methods: {}, summary: tally.summary(), calls, sdps: sdpFindings(await whole(all), hints), problems }

  const counts = noCounts()
  const packets: AsyncIterable<Packet> = kind === 'capture'
    ? sipOfCapture(all, complain, (datagram) => { for (const each of wire) each.seen(datagram) }, counts)
    : isTable(start.toString('latin1')) ? sipOfTable(linesOf(all), complain) : sipOfText(linesOf(all), complain)
  let number = 0
  for await (const packet of packets) {
    const message = messageOf(packet, ++number)
    if (typeof message === 'string') complain(`message ${number}: ${message}`)
    else {
      messages.push(message)
      count++
      const times = methods.get(message.method) ?? 0
      if (times > 0 || methods.size < mostMethods) methods.set(message.method, times + 1)
    }
    if (count % sweepMessages === 0 && typeof message !== 'string') {
      messages = judged(messages, wire, hints, tell, message.at)
    }
    if (messages.length >= mostMessages) {
      complain(`only the first ${count} messages were looked at: the calls that are up at once have too many`)
      break
    }
  }
  if (number === 0) throw new NgpilotError('bad_request', [kind === 'capture' ? noSipIn(counts) : noSip, ...problems].join('; '))
  if (counts.cutSip > 0) complain(`${counts.cutSip} SIP messages are there in part alone: ${cutText(counts)}`)
  judged(messages, wire, hints, tell)
  if (wire.some(({ held }) => held.isOverfull)) complain('there is more RTP, ICE and DTLS at once than is looked at: some of it is left out')
  calls.sort((one, other) => (one.messages[0]?.number ?? 0) - (other.messages[0]?.number ?? 0))
  return { kind, messages: count, methods: mostOf(methods), summary: tally.summary(), calls, sdps: undefined, problems }
}

/**
 * Judges the calls that are over at a time, or all, and tells each.
 * @returns the messages of the others
 */
function judged (
  messages: TraceMessage[], wire: Wire, hints: LegHints, tell: (call: CallReport) => void, now = Infinity,
): TraceMessage[] {
  const done = new Set<TraceMessage>()
  for (const call of callsOf(messages)) {
    const quietMs = now === Infinity ? 0 : quietMsOf(call)
    if (quietMs === undefined || call.messages.some(({ at }) => at > now - quietMs)) continue
    tell(analyzed(call, wire, hints))
    for (const message of call.messages) done.add(message)
  }
  for (const { held } of wire) held.forgetJudged()
  const others = messages.filter((message) => !done.has(message))
  // What belongs to no call, registrations say, is of no use any more.
  const callIds = new Set(others.filter(isOfCall).map(({ sip }) => sip.callId))
  return others.filter(({ sip }) => callIds.has(sip.callId))
}

function mostOf (counts: ReadonlyMap<string, number>): Record<string, number> {
  const most = [...counts].sort(([, one], [, other]) => other - one).slice(0, 20)
  return Object.fromEntries(most.map(([method, count]) => [shown(method), count]))
}

/** What of a cause and what comes of it is equally grave is told in the order in which one leads to the other. */
function analyzed (call: TraceCall, [ice, dtls, rtp]: Wire, hints: LegHints): CallReport {
  const { legs, findings } = mediaFindings(call, hints)
  const told = (kind: FindingKind, found: TraceCase): TraceFinding =>
    ({ ...findingOf(kind, found), messages: found.messages })
  const signalling = signallingRules.flatMap((rule) => rule.find(call).map((found) => told(rule, found)))
  const paths = ice.findings(call).map((found) => told(iceKind, found))
  const media = [...dtls.findings(call), ...rtp.findings(call)].map(({ kind, ...found }) => told(kind, found))
  const all = refused([...signalling, ...findings, ...paths, ...media], call).sort(byGravity)
  const report = callReport({ call, legs, findings: all })
  // Copied, so that no word of it keeps the whole message that it stood in.
  return JSON.parse(JSON.stringify(report)) as CallReport
}

/** What a file is that cannot be read as it is, and what to do with it. */
function insteadOf (start: Buffer): string | undefined {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'the file is compressed by gzip: gunzip it first'
  if (/^\s*a=(?:ice-|candidate:|end-of-candidates|mid:)/.test(start.toString('latin1'))) {
    return 'part of a trickle (application/trickle-ice-sdpfrag, RFC 8840): candidates that follow an offer or answer, and no SDP by itself; give the trace that it is in'
  }
  if (start[0] === 0xff && start[1] === 0xfe) return 'the text is UTF-16: iconv -f UTF-16 -t UTF-8 makes it readable'
  return undefined
}

const noSip = 'neither SIP messages nor an SDP: a message begins with a line such as "INVITE sip:bob@example.com SIP/2.0"'

/** Why a capture has no SIP to look at, as far as its frames say. */
function noSipIn (counts: CaptureCounts): string {
  const { frames, cut, tls, linkTypes } = counts
  if (frames === 0) return 'the capture has no whole frame: nothing was captured, or the file was cut short'
  const [linkType] = linkTypes
  const reasons = [
    ...cut > 0 ? [cutText(counts)] : [],
    ...tls > 0 ? [`${tls} segments of TLS, which cannot be read; Kamailio's siptrace has what is in them, also as HEP`] : [],
    ...linkType === undefined ? [] : [`link type ${linkType} is none that is read; capture on an Ethernet interface or on any`],
  ]
  return `no SIP in the ${frames} frames of the capture: ${reasons.length > 0 ? reasons.join('; ') : 'it may be of one side alone, or of other ports'}`
}

function cutText ({ frames, cut, cutTo }: CaptureCounts): string {
  return `${cut} of ${frames} frames were cut to ${cutTo} bytes when they were captured; tcpdump -s 0 takes them whole`
}

/** A refusal of an SDP names the findings in what was refused as its likely cause. */
function refused (findings: TraceFinding[], { messages }: TraceCall): TraceFinding[] {
  return findings.map((finding) => {
    if (finding.id !== 'SIG-02') return finding
    const number = finding.messages[0]
    const offer = messages.find((message) => message.number === number)
    const causes = findings.filter((other) => other !== finding && other.messages.some((each) => each === number) && other.severity !== 'note')
    if (!offer || causes.length === 0) return finding
    return { ...finding, detail: `likely because of ${causes.sort(byGravity).map(({ id, title }) => `${id} (${title})`).slice(0, 3).join(', ')}` }
  })
}

/** The first bytes, and all of them again. */
async function peeked (
  chunks: AsyncIterable<Buffer>, onBytes: (bytes: number) => void,
): Promise<{ start: Buffer, all: AsyncIterable<Buffer> }> {
  const iterator = chunks[Symbol.asyncIterator]()
  const first: Buffer[] = []
  let size = 0
  while (size < peekedBytes) {
    const next = await iterator.next()
    if (next.done === true) break
    first.push(next.value)
    size += next.value.length
  }
  async function* all (): AsyncGenerator<Buffer> {
    yield* first
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      size += next.value.length
      onBytes(size)
      yield next.value
    }
  }
  return { start: Buffer.concat(first), all: all() }
}

async function whole (chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const chunk of chunks) {
    parts.push(chunk)
    if ((size += chunk.length) > mostSdpBytes) throw new NgpilotError('too_large', `an SDP of more than ${mostSdpBytes} bytes`)
  }
  return Buffer.concat(parts)
}
