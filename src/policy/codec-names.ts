import { capabilitiesOf } from '../ng/capabilities.ts'
import { codecs } from '../ng/codecs.ts'
import { oldestRelease } from '../ng/release.ts'

/** Every codec name that a policy may hold, in the spelling of its RTP registration. */
export const codecNames: readonly string[] = [...codecs.keys()]

const canonical = new Map(codecNames.flatMap((name) => [[name, name], [name.toLowerCase(), name]]))
/** Which node a call goes to is not known when a policy is read: what the oldest encodes, all do. */
const { encodes } = capabilitiesOf(oldestRelease)
const besideSpeech = new Set(['telephone-event', 'CN', 'red'])

/** The registered spelling of a name in any case; undefined: rtpengine does not know the codec. */
export const canonicalCodec = (name: string): string | undefined => canonical.get(name) ?? canonical.get(name.toLowerCase())

export const canEncode = (name: string): boolean => encodes(name)

/** Whether a codec carries speech by itself; DTMF, comfort noise and redundancy come beside one that does. */
export const isSpeech = (name: string): boolean => !besideSpeech.has(name)

/** PCMU and PCMA (ITU-T G.711): the same sound and rate, so that one is never worth transcoding to the other. */
export const isG711 = (name: string): boolean => name === 'PCMU' || name === 'PCMA'
