/** Audio codecs that rtpengine encodes and decodes: what a call can be transcoded to. From `rtpengine --codecs`. */
const encoded = ['opus', 'PCMU', 'PCMA', 'G722', 'G723', 'G729', 'G729a', 'speex', 'GSM', 'telephone-event', 'CN']

/** Those that it can pass on but not encode, in the builds of Debian 12 and 13. */
const passedOn = ['AMR', 'AMR-WB', 'EVS', 'iLBC', 'EVRC', 'EVRC0', 'EVRC1', 'QCELP']

/** Every codec name that a policy may hold, in the spelling of its RTP registration. */
export const codecNames: readonly string[] = [...encoded, ...passedOn]

const canonical = new Map(codecNames.flatMap((name) => [[name, name], [name.toLowerCase(), name]]))
const encodable = new Set(encoded)
const besideSpeech = new Set(['telephone-event', 'CN', 'red'])

/** The registered spelling of a name in any case; undefined: rtpengine does not know the codec. */
export const canonicalCodec = (name: string): string | undefined => canonical.get(name) ?? canonical.get(name.toLowerCase())

export const canEncode = (name: string): boolean => encodable.has(name)

/** Whether a codec carries speech by itself; DTMF, comfort noise and redundancy come beside one that does. */
export const isSpeech = (name: string): boolean => !besideSpeech.has(name)

/** PCMU and PCMA (ITU-T G.711): the same sound and rate, so that one is never worth transcoding to the other. */
export const isG711 = (name: string): boolean => name === 'PCMU' || name === 'PCMA'
