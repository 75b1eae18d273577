import type { NgDictionary, NgReply, NgValue } from './types.ts'

/** What a node knows of the media of one call. Times are milliseconds since the epoch, in steps of a second. */
export interface MediaReport {
  createdAt: number
  /** The latest offer or answer. */
  lastSignalAt: number
  legs: LegMedia[]
}

/** One party. A party that has not answered yet has an empty tag. */
export interface LegMedia {
  tag: string
  /** Tags of those that it hears; after a fork the first is the one in force. */
  hears: string[]
  media: MediaStreams[]
}

/** One m-line of a leg. Received and sent are the node's: what it receives is what the leg sends. */
export interface MediaStreams {
  /** From 1. */
  index: number
  kind: string
  protocol: string
  /** Of what comes from the leg, `PCMU/8000`; only once packets came. */
  codec?: string
  /** Whether the SDP lets the leg send, and lets it be sent to: neither for `inactive`. */
  maySend: boolean
  maySendTo: boolean
  isDtls: boolean
  isSdes: boolean
  hasIce: boolean
  isTranscoding: boolean
  /** Endpoint learning is off: the node sends to the address of the SDP, wherever packets come from. */
  isAsymmetric: boolean
  rtp: StreamReport
  /** Absent where RTCP shares the port of RTP. */
  rtcp?: StreamReport
}

export interface StreamReport {
  port: number
  /** Where the node sends to: the SDP's address, or what it has learned since. `0.0.0.0:9`: nothing is known. */
  endpoint?: EndpointReport
  /** The address in the SDP. */
  advertised?: EndpointReport
  /** The SRTP suite. With DTLS it appears when the handshake is done. */
  suite?: string
  /** The leg's certificate is the one whose fingerprint its SDP has. */
  isCertificateVerified: boolean
  /** The address is taken as learned, three seconds after the last signalling at the earliest. */
  isConfirmed: boolean
  /** When the latest packet came; undefined before the first. */
  lastPacketAt?: number
  received: Counters
  /** Undefined: the node's version does not count what it sends (before 11.1). */
  sent?: Counters
  /** What the leg says that it hears, from its RTCP receiver reports; undefined: it sent none that can be used. */
  heard?: Quality
}

/** `bytes` are those of RTP without IP and UDP. `errors` are packets that could not be taken: SRTP that does not decrypt. */
export interface Counters { packets: number, bytes: number, errors: number }

export interface EndpointReport { address: string, port: number }

/**
 * Averages over the call. `mos` from 1 to 5. The round trip is that between node and leg; the MOS counts the other's too.
 */
export interface Quality {
  mos: number
  lossPercent: number
  jitterMs: number
  roundTripMs: number
  samples: number
  /**
   * What is more than a moment, by its single reports: most of them have this MOS or jitter or a worse one, two at least the
   * loss, and all the round trip. An endpoint that stood still for a moment has a bad average and this not.
   */
  sustained: Pick<Quality, 'mos' | 'lossPercent' | 'jitterMs' | 'roundTripMs'>
}

/** Reads the reply to a `query` or `delete`, of any version; what it lacks or has in another shape is left out. */
export function mediaReportOf (reply: NgReply): MediaReport {
  const quality = new Map(Object.entries(dictionaryIn(reply['SSRC'])).flatMap(([ssrc, entry]) => {
    const heard = qualityOf(dictionaryIn(entry))
    return heard ? [[ssrc, heard] as const] : []
  }))
  return {
    createdAt: numberIn(reply['created']) * 1000,
    lastSignalAt: numberIn(reply['last signal']) * 1000,
    legs: Object.values(dictionaryIn(reply['tags'])).map((tag) => legOf(dictionaryIn(tag), quality)),
  }
}

function legOf (tag: NgDictionary, quality: ReadonlyMap<string, Quality>): LegMedia {
  return {
    tag: textIn(tag['tag']),
    hears: listIn(tag['subscriptions']).map((one) => textIn(dictionaryIn(one)['tag'])),
    media: listIn(tag['medias']).map((media) => streamsOf(dictionaryIn(media), quality)),
  }
}

function streamsOf (media: NgDictionary, quality: ReadonlyMap<string, Quality>): MediaStreams {
  const flags = wordsIn(media['flags'])
  const [rtp = {}, rtcp] = listIn(media['streams']).map(dictionaryIn)
  const codec = textIn(media['codec'])
  const isOwnStream = rtcp !== undefined && numberIn(rtcp['local port']) > 0 && !wordsIn(rtcp['flags']).has('fallback RTCP')
  return {
    index: numberIn(media['index']),
    kind: textIn(media['type']),
    protocol: textIn(media['protocol']),
    ...codec && { codec },
    // The node's own view: it receives what the leg sends.
    maySend: flags.has('recv'),
    maySendTo: flags.has('send'),
    isDtls: flags.has('DTLS-SRTP'),
    isSdes: flags.has('SDES'),
    hasIce: flags.has('ICE'),
    isTranscoding: flags.has('transcoding'),
    isAsymmetric: flags.has('asymmetric'),
    rtp: streamOf(rtp, quality, ssrcsOf(media)),
    ...isOwnStream && { rtcp: streamOf(rtcp, quality, []) },
  }
}

function streamOf (stream: NgDictionary, quality: ReadonlyMap<string, Quality>, ssrcsOfMedia: string[]): StreamReport {
  const flags = wordsIn(stream['flags'])
  const received = countersOf(stream['stats'])
  const heard = [...ssrcsOf(stream), ...ssrcsOfMedia].flatMap((ssrc) => quality.get(ssrc) ?? [])[0]
  const endpoint = endpointOf(stream['endpoint'])
  const advertised = endpointOf(stream['advertised endpoint'])
  const suite = textIn(stream['crypto suite'])
  return {
    port: numberIn(stream['local port']),
    ...endpoint && { endpoint },
    ...advertised && { advertised },
    ...suite && { suite },
    isCertificateVerified: flags.has('DTLS fingerprint verified'),
    isConfirmed: flags.has('confirmed'),
    // It begins as the time of creation.
    ...received.packets > 0 && { lastPacketAt: numberIn(stream['last packet']) * 1000 },
    received,
    ...stream['stats_out'] !== undefined && { sent: countersOf(stream['stats_out']) },
    ...heard && { heard },
  }
}

/** Those that the leg sends with: `SSRC` of 10.5 and 26.0, a list for each stream in 12.5, one for each m-line from 13. */
function ssrcsOf (owner: NgDictionary): string[] {
  const one = owner['SSRC'] === undefined ? [] : [String(numberIn(owner['SSRC']))]
  return [...one, ...listIn(owner['ingress SSRCs']).map((entry) => String(numberIn(dictionaryIn(entry)['SSRC'])))]
}

/** A MOS of 0 is none: the leg or its peer sent no report that the round trip could be told from. */
function qualityOf (entry: NgDictionary): Quality | undefined {
  const average = dictionaryIn(entry['average MOS'])
  const mos = numberIn(average['MOS']) / 10
  if (mos === 0) return undefined
  const averages = {
    mos,
    lossPercent: numberIn(average['packet loss']),
    jitterMs: numberIn(average['jitter']),
    roundTripMs: roundTripMsOf(average),
  }
  const reports = listIn(dictionaryIn(entry['MOS progression'])['entries']).map(dictionaryIn)
  return { ...averages, samples: numberIn(average['samples']), sustained: sustainedIn(reports, averages) }
}

/** Where there are no single reports the averages stand for them. A MOS or round trip of 0 is none. */
function sustainedIn (reports: readonly NgDictionary[], averages: Quality['sustained']): Quality['sustained'] {
  const ascending = (figure: (report: NgDictionary) => number) => reports.map(figure).sort((one, other) => one - other)
  const scores = ascending((report) => numberIn(report['MOS']) / 10).filter((mos) => mos > 0)
  const jitters = ascending((report) => numberIn(report['jitter']))
  const roundTrips = ascending(roundTripMsOf).filter((time) => time > 0)
  return {
    mos: scores[Math.floor(scores.length / 2)] ?? averages.mos,
    lossPercent: ascending((report) => numberIn(report['packet loss'])).at(-2) ?? averages.lossPercent,
    jitterMs: jitters[Math.floor((jitters.length - 1) / 2)] ?? averages.jitterMs,
    roundTripMs: roundTrips[0] ?? averages.roundTripMs,
  }
}

function roundTripMsOf (report: NgDictionary): number {
  return numberIn(report['round-trip time leg'] ?? report['round-trip time']) / 1000
}

function endpointOf (value: NgValue | undefined): EndpointReport | undefined {
  const { address, port } = dictionaryIn(value)
  return address === undefined ? undefined : { address: textIn(address), port: numberIn(port) }
}

function countersOf (value: NgValue | undefined): Counters {
  const { packets, bytes, errors } = dictionaryIn(value)
  return { packets: numberIn(packets), bytes: numberIn(bytes), errors: numberIn(errors) }
}

/** Counters are integers in some versions and strings in others (ng_control_protocol, `statistics`). */
function numberIn (value: NgValue | undefined): number {
  const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : 0
  return Number.isFinite(number) ? number : 0
}

const textIn = (value: NgValue | undefined): string => typeof value === 'string' ? value : Buffer.isBuffer(value) ? value.toString() : ''
const listIn = (value: NgValue | undefined): NgValue[] => Array.isArray(value) ? value : []
const wordsIn = (value: NgValue | undefined): ReadonlySet<string> => new Set(listIn(value).map(textIn))

function dictionaryIn (value: NgValue | undefined): NgDictionary {
  return typeof value === 'object' && !Array.isArray(value) && !Buffer.isBuffer(value) ? value : {}
}
