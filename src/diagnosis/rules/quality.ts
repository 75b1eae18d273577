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

const isFar = ({ media: { rtp: { heard } } }: LegView): boolean => (heard?.roundTripMs ?? 0) > 300

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
    find: (scene) => scene.views.flatMap((view) => {
      const time = ptimeOf(view)
      if (time === undefined || view.seconds < 10 || !view.isFlowing) return []
      const share = view.packetsPerSecond / (1000 / time)
      return share < 0.95 && share > 0.2
        ? [{
            leg: named(view), confidence: 'medium' as const,
            detail: `${Math.round((1 - share) * 100)} % of the packets of ${time} ms did not come`,
            evidence: seen(view, { 'packets a second': round(view.packetsPerSecond) }),
          }]
        : []
    }),
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
      if (!heard || heard.samples < 2 || (heard.lossPercent < 3 && heard.jitterMs < 30 && heard.mos >= leastMos)) return []
      return [{
        leg: named(view),
        ...heard.mos < 3.1 && { severity: 'error' as const },
        detail: `what the ${view.leg.role} hears has ${heard.lossPercent} % loss, ${heard.jitterMs} ms jitter, MOS ${heard.mos}`,
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
      ? [{ leg: named(view), evidence: seen(view, { 'round trip': `${Math.round(view.media.rtp.heard?.roundTripMs ?? 0)} ms` }) }]
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
