import type { Quality } from '../../ng/media-report.ts'
import type { LegView } from '../call.ts'
import { type DiagnosisRule, named, round, seen } from '../rule.ts'

/** Codecs with a constant rate: no silence suppression, so that a missing packet is a lost one. 1 byte is 1/8 ms. */
const constantRate = /^(PCMU|PCMA)\//

/** Milliseconds of audio in a packet, from its size: 12 bytes of RTP header, 8 bytes a millisecond. */
export function ptimeOf ({ media: { codec = '' }, bytesPerPacket, isFlowing }: LegView): number | undefined {
  if (!isFlowing || !constantRate.test(codec) || bytesPerPacket < 40) return undefined
  return Math.round((bytesPerPacket - 12) / 80) * 10
}

const codecNameOf = (view: LegView): string | undefined => view.media.codec?.replace(/\/.*/, '').toLowerCase()

/** Also at its shortest: what is far is always far, and whoever has too little CPU answers late now and then. */
const isFar = ({ media: { rtp: { heard } } }: LegView): boolean => (heard?.sustained.roundTripMs ?? 0) > 300

const isBad = ({ lossPercent, jitterMs, mos }: Quality['sustained'], leastMos: number): boolean =>
  lossPercent >= 3 || jitterMs >= 30 || mos < leastMos

/** The share of a leg's packets that do not come, where that is much and can be told: 0.1 is one in ten. */
function shareMissing (view: LegView): number | undefined {
  const time = ptimeOf(view)
  if (time === undefined || view.seconds < 10) return undefined
  const share = 1 - view.packetsPerSecond / (1000 / time)
  return share > 0.05 && share < 0.8 ? share : undefined
}

const areBothShort = (views: readonly LegView[]): boolean =>
  views.length === 2 && views.every((view) => shareMissing(view) !== undefined)

const missingText = (view: LegView, share: number): string =>
  `${Math.round(share * 100)} % of the packets of ${ptimeOf(view) ?? 20} ms did not come`

/** How it sounds: codecs, packet times, loss, jitter, MOS (interop §7.2). */
export const qualityRules: readonly DiagnosisRule[] = [
  {
    id: 'DX-09', severity: 'error', leg: 'both legs', title: 'the legs speak different codecs and nobody transcodes',
    why: 'Each side hears packets in a codec that it does not expect: noise or silence.',
    fix: 'Give both profiles a codec in common, or a list that has the other\'s, so that ngpilot asks for transcoding.',
    find: (scene) => {
      const [one, two] = scene.views
      if (!one?.isFlowing || !two?.isFlowing || one.media.isTranscoding || two.media.isTranscoding) return []
      const [codec, other] = [codecNameOf(one), codecNameOf(two)]
      if (codec === undefined || other === undefined || codec === other) return []
      return [{
        confidence: 'high',
        detail: `the ${one.leg.role} sends ${one.media.codec ?? ''}, the ${two.leg.role} ${two.media.codec ?? ''}`,
        evidence: [...seen(one, { codec: one.media.codec }), ...seen(two, { codec: two.media.codec })],
      }]
    },
  },
  {
    id: 'DX-29', severity: 'warning', leg: 'both legs', title: 'transcoding was asked for and does not happen',
    why: 'The node did what it could with the codecs at hand: it has no encoder for one of them, or the answer made '
      + 'transcoding needless.',
    fix: 'Compare the profile\'s codecs with `rtpengine --codecs`: AMR, AMR-WB, iLBC and EVRC are decoded only.',
    find: (scene) => {
      const [one, two] = scene.views
      if (scene.call.wantsTranscoding !== true || !one?.isFlowing || !two?.isFlowing) return []
      if (one.media.isTranscoding || two.media.isTranscoding) return []
      return [{
        confidence: 'medium',
        evidence: [...seen(one, { codec: one.media.codec, transcoding: 'no' }), ...seen(two, { codec: two.media.codec, transcoding: 'no' })],
      }]
    },
  },
  {
    id: 'DX-10', severity: 'warning', leg: 'both legs', title: 'an endpoint sends another codec than was agreed',
    why: 'It picked one further down in the answer (asymmetric codecs).',
    fix: 'Give the profile fewer codecs, or `ng: { flags: [single-codec] }`, so that the answer has one alone.',
    reference: 'RFC 3264 §7',
    find: (scene) => scene.views.flatMap((view) => {
      const [agreed, sent] = [view.leg.agreedCodec?.toLowerCase(), codecNameOf(view)]
      return view.isFlowing && agreed !== undefined && sent !== undefined && agreed !== sent
        ? [{ leg: named(view), confidence: 'medium' as const, detail: `agreed ${agreed}, sent ${sent}`, evidence: seen(view, { codec: view.media.codec }) }]
        : []
    }),
  },
  {
    id: 'DX-11', severity: 'warning', leg: 'both legs', title: 'the legs pack different times of audio into a packet',
    why: 'Equipment with a fixed packet time plays the other one choppily.',
    fix: 'Give the profile `ptime: 20`; the node then packs anew.',
    reference: 'RFC 8866 §6.4',
    find: (scene) => {
      const [one, two] = scene.views
      const [time, other] = [one && ptimeOf(one), two && ptimeOf(two)]
      if (!one || !two || time === undefined || other === undefined || time === other) return []
      if (one.media.isTranscoding || two.media.isTranscoding) return []
      return [{
        confidence: 'medium',
        detail: `the ${one.leg.role} sends ${time} ms a packet, the ${two.leg.role} ${other} ms`,
        evidence: [one, two].flatMap((view) => seen(view, { 'bytes a packet': round(view.bytesPerPacket) })),
      }]
    },
  },
  {
    id: 'DX-12', severity: 'warning', leg: 'both legs', title: 'packets are lost on their way to the node',
    why: 'Fewer come than the codec sends, so the loss is between this endpoint and the node.',
    fix: 'Look at the network of that side: Wi-Fi, uplink, a policer.',
    find: ({ views }) => areBothShort(views) ? [] : views.flatMap((view) => {
      const share = shareMissing(view)
      return share === undefined ? [] : [{
        leg: named(view), confidence: 'medium' as const,
        detail: missingText(view, share),
        evidence: seen(view, { 'packets a second': round(view.packetsPerSecond) }),
      }]
    }),
  },
  {
    id: 'DX-22', severity: 'warning', leg: 'node', title: 'packets of both sides are lost at the node',
    why: 'Two networks seldom lose packets at the same time. What both sides share is the node: it is short of CPU, transcoding '
      + 'above all, or its own network or socket buffers lose them. Phones that suppress silence look the same.',
    fix: 'Look at the CPU of rtpengine (transcoding between Opus and G.711 takes some 2 % of a core a call) and at "receive buffer errors" '
      + 'in `netstat -su` of its machine. A codec that both profiles have needs no transcoding; another node takes a part of the calls.',
    find: ({ views }) => areBothShort(views) ? [{
      confidence: 'medium',
      detail: views.map((view) => `${view.leg.role}: ${missingText(view, shareMissing(view) ?? 0)}`).join('; '),
      evidence: views.flatMap((view) => seen(view, { 'packets a second': round(view.packetsPerSecond) })),
    }] : [],
  },
  {
    id: 'DX-13', severity: 'warning', leg: 'both legs', title: 'a side hears bad audio',
    why: 'Its own reports (RTCP) tell of loss, jitter or a low MOS in what it gets.',
    fix: 'Look at the network between the node and this side; if the other side hears badly too, at the node\'s load.',
    reference: 'RFC 3550 §6.4',
    find: (scene) => scene.views.flatMap((view) => {
      const heard = view.media.rtp.heard
      // The MOS counts the delay of both ways, of which DX-14 tells.
      const leastMos = scene.views.some((each) => isFar(each)) ? 3.1 : 3.6
      if (!heard || heard.samples < 2 || !isBad(heard, leastMos) || !isBad(heard.sustained, leastMos)) return []
      const isLossless = heard.lossPercent < 1 && heard.sustained.lossPercent < 3
      return [{
        leg: named(view),
        ...heard.mos < 3.1 && { severity: 'error' as const },
        detail: `what the ${view.leg.role} hears has ${heard.lossPercent} % loss, ${heard.jitterMs} ms jitter, MOS ${heard.mos}`
          + (isLossless ? '; next to nothing is lost, so it comes unevenly: a queue in the network, or a sender or node short of CPU' : ''),
        evidence: seen(view, { 'heard.MOS': heard.mos, 'heard.packet loss': `${heard.lossPercent} %`, 'heard.jitter': `${heard.jitterMs} ms` }),
      }]
    }),
  },
  {
    id: 'DX-14', severity: 'warning', leg: 'both legs', title: 'the way to a side takes long',
    why: 'With more than 300 ms there and back people talk over each other.',
    fix: 'Take a node that is nearer to it (`nodes:` in a rule), or another route.',
    reference: 'ITU-T G.114',
    find: (scene) => scene.views.flatMap((view) => isFar(view)
      ? [{ leg: named(view), evidence: seen(view, { 'round trip': `${Math.round(view.media.rtp.heard?.roundTripMs ?? 0)} ms`, 'at its shortest': `${Math.round(view.media.rtp.heard?.sustained.roundTripMs ?? 0)} ms` }) }]
      : []),
  },
  {
    id: 'DX-20', severity: 'warning', leg: 'both legs', title: 'DTMF will be lost',
    why: 'The SDP of a leg has no telephone-event at the clock rate of its codec, so pressed digits do not get through.',
    fix: 'Keep `telephone-event` in both profiles\' codecs; for Firefox let the browser\'s leg be PCMU.',
    reference: 'RFC 4733 §2.1',
    find: ({ call }) => call.legs.flatMap((leg) => {
      const causes = leg.findings?.filter(({ id }) => ['SIP-15', 'OA-07', 'OA-11'].includes(id)) ?? []
      return causes.length === 0 ? [] : [{
        leg: `${leg.role} (${leg.profile})`, detail: causes.map(({ id, title }) => `${id}: ${title}`).join('; '),
        evidence: causes.flatMap(({ evidence }) => evidence),
      }]
    }),
  },
]
