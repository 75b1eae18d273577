import type { SdpFacts } from '../sdp/facts.ts'
import { canonicalCodec } from './codec-names.ts'
import { shown, type Condition, type Read } from './condition.ts'
import type { SdpEntry } from './schema-match.ts'
import { listOf, written } from './text.ts'

type Words = readonly (string | number)[]

/** What is asked of the SDP. */
export function sdpConditions (entry: SdpEntry, of: Read<SdpFacts>): Condition[] {
  const condition = (name: string, wanted: Words | undefined, read: (sdp: SdpFacts) => Words): Condition[] => wanted ? [{
    text: `sdp.${name}: ${written(wanted)}`,
    holds (subject) {
      const sdp = of(subject)
      return sdp !== undefined && read(sdp).some((value) => wanted.includes(value))
    },
    failure (subject) {
      const sdp = of(subject)
      return `${shown(`sdp.${name}`, sdp && written(read(sdp)))}, not ${written(wanted)}`
    },
  }] : []
  const flag = (name: string, wanted: boolean | undefined, read: (sdp: SdpFacts) => boolean) => {
    return condition(name, wanted === undefined ? undefined : [String(wanted)], (sdp) => [String(read(sdp))])
  }
  const list = <Item>(value: Item | Item[] | undefined) => value === undefined ? undefined : listOf(value)
  return [
    ...flag('ice', entry.ice, ({ hasIce }) => hasIce),
    ...flag('dtls', entry.dtls, ({ hasDtls }) => hasDtls),
    ...flag('sdes', entry.sdes, ({ hasSdes }) => hasSdes),
    ...flag('private', entry.private, ({ isPrivate }) => isPrivate),
    ...condition('codecs', list(entry.codecs)?.map(spelled), ({ codecs }) => codecs.map(({ name }) => spelled(name))),
    ...condition('media', list(entry.media), ({ media }) => media),
    ...condition('protocol', list(entry.protocol), ({ protocol }) => protocol === undefined ? [] : [protocol]),
    ...condition('ptime', list(entry.ptime), ({ ptime }) => ptime === undefined ? [] : [ptime]),
    ...condition('family', list(entry.family), ({ family }) => family === undefined ? [] : [family]),
  ]
}

const spelled = (codec: string): string => canonicalCodec(codec) ?? codec
