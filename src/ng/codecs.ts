import type { Release } from './release.ts'

/**
 * The audio codecs that rtpengine has a name for, in the spelling of their RTP registration, with the release from which on
 * the builds of Debian encode them; undefined: none does, so that it can pass them on and at most decode them. A node does
 * not tell of them by NG: this is what `rtpengine --codecs` says of 10.5, 12.5 and 26.0.
 */
export const codecs: ReadonlyMap<string, Release | undefined> = new Map([
  ...since('10.5', 'opus PCMU PCMA G722 G723 G729 G729a speex GSM telephone-event CN'),
  ...since('26.0', 'G726-16 G726-24 G726-32 G726-40 L16 X-L16'),
  ...since(undefined, 'AMR AMR-WB EVS iLBC EVRC EVRC0 EVRC1 QCELP ATRAC3 ATRAC-X'),
])

function since (release: Release | undefined, names: string): [string, Release | undefined][] {
  return names.split(' ').map((name) => [name, release])
}
