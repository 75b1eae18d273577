import type { NgDictionary } from '../ng/types.ts'
import { canEncode, canonicalCodec, isG711, isSpeech } from './codec-names.ts'
import type { AudioCodec } from '../sdp/codecs.ts'

/** Names in order of preference; undefined: whatever is offered. */
type CodecList = readonly string[] | undefined

/**
 * The `codec` key of an offer, undefined where nothing needs doing. The lists are those of the two legs' profiles.
 *
 * The receiver is shown only what its list has, and the sender answered only with what its own has, if it offers any of it.
 * Each leg speaks the codec that it likes best: the sender the first of its list that it offered, the receiver the first of
 * its own. What the other side does not know is transcoded; PCMU and PCMA never to each other while both legs take one of
 * them, and a sender's codec only where its DTMF survives.
 */
export function codecFlags (sender: CodecList, receiver: CodecList, codecs: AudioCodec[]): NgDictionary | undefined {
  const offered = codecs.map(inKnownSpelling)
  const names = namesOf(offered)
  if (receiver === undefined) return stripping(foreignTo(sender, names))
  const speech = names.filter(isSpeech)
  const shared = speech.filter((name) => receiver.includes(name))
  const shareG711 = shared.some((name) => isG711(name) && isIn(sender, name))

  const liked = sender && bestWithEvents(sender, receiver, offered)
  const own = liked ?? (shared.length === 0 ? bestWithEvents(names, receiver, offered) : undefined)
  const keep = own !== undefined && !receiver.includes(own) && !(isG711(own) && shareG711) ? own : undefined
  const wanted = receiver.find((name) => isSpeech(name) && (canEncode(name) || shared.includes(name)))
  // A codec that the sender's list has, but not its offer, it chose to leave out.
  const isLeftOut = wanted !== undefined && shared.length > 0 && sender?.includes(wanted) === true
  const isNew = wanted !== undefined && !shared.includes(wanted) && !isLeftOut && !(isG711(wanted) && shareG711)
  if (shared.length === 0 && !(keep && isNew)) return undefined // nothing to transcode between: an honest 488

  if (keep && isNew) {
    // What both know is stripped and transcoded to as well: only so the receiver's order holds.
    const strip = names.filter((name) => name !== keep && (isSpeech(name) || !receiver.includes(name)))
    return { consume: [keep], ...stripping(strip), transcode: receiver.filter((name) => isSpeech(name) && canEncode(name)) }
  }
  // Whatever the receiver chooses, the sender is answered with the codec that is consumed.
  if (keep) return { consume: [keep], ...stripping(names.filter((name) => name !== keep && !receiver.includes(name))) }
  if (isNew) {
    // All stays there for the sender's answer, so that what its own list has not must go, and not come back as something to
    // transcode to. `transcode` alone would add the codec last; telephone-event comes at the clock rate of each by its name.
    const foreign = foreignTo(sender, names)
    const transcode = receiver.filter((name) => canEncode(name) && !foreign.includes(name))
    // 26.0 would answer the sender with a stripped codec that is closer to the new one; `accept` says which it is to be.
    const accept = foreign.length > 0 && liked !== undefined && { accept: [liked] }
    return { mask: ['all'], ...stripping(foreign), ...accept, transcode }
  }
  const shown = names.filter((name) => receiver.includes(name))
  const notShown = new Set([...names.filter((name) => !receiver.includes(name)), ...foreignTo(sender, shown)])
  return stripping(names.filter((name) => notShown.has(name)))
}

/** Of some codecs those that the sender's own list has not, unless no speech would be left without them. */
function foreignTo (sender: CodecList, names: readonly string[]): string[] {
  const isLeft = names.some((name) => isSpeech(name) && isIn(sender, name))
  return isLeft ? names.filter((name) => !isIn(sender, name)) : []
}

/**
 * The first codec of a list that is offered and that rtpengine can encode. rtpengine drops DTMF from a leg whose
 * telephone-event has another clock rate than its codec (Firefox offers opus/48000 with telephone-event/8000), so one that
 * goes with it comes first.
 */
function bestWithEvents (list: readonly string[], receiver: readonly string[], offered: AudioCodec[]): string | undefined {
  const usable = list.filter((name) => isSpeech(name) && canEncode(name) && offered.some((codec) => codec.name === name))
  if (usable.length < 2 || !receiver.includes('telephone-event')) return usable[0]
  const events = offered.filter(({ name }) => name === 'telephone-event')
  const goesWith = ({ clockRate }: AudioCodec): boolean => events.some((event) => event.clockRate === clockRate)
  return usable.find((name) => offered.some((codec) => codec.name === name && goesWith(codec))) ?? usable[0]
}

function inKnownSpelling (codec: AudioCodec): AudioCodec {
  const name = canonicalCodec(codec.name) ?? codec.name
  return name === codec.name ? codec : { name, clockRate: codec.clockRate }
}

function namesOf (codecs: AudioCodec[]): string[] {
  const names: string[] = []
  for (const { name } of codecs) if (!names.includes(name)) names.push(name)
  return names
}

const isIn = (list: CodecList, name: string): boolean => list === undefined || list.includes(name)

const stripping = (strip: string[]): NgDictionary | undefined => strip.length > 0 ? { strip } : undefined
