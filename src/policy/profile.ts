import type { NgDictionary } from '../ng/types.ts'
import type { Conformance } from './conformance.ts'
import type { Place } from './problem.ts'
import type { MediaProtocol } from './schema-match.ts'
import type { Settings } from './settings.ts'

/** Who says a setting: a preset, or a profile or rule with its place in a file. */
export interface SettingOrigin { source: string, place?: Place }

/**
 * What SDP sent *to* one kind of endpoint must look like, presets and `extends` resolved.
 * `media`: the m-line kinds it takes; `codecs`: audio codec names in order of preference, undefined: whatever is offered.
 */
export interface Profile {
  name: string
  /** Its own name, then those of what it extends, down to the preset. A rule on any of them is a rule on it. */
  line: readonly string[]
  protocol: MediaProtocol
  /** ICE, DTLS-SRTP, rtcp-mux, mid: what a browser must have and a SIP phone must not see. */
  isWebRtc: boolean
  media: readonly string[]
  codecs?: readonly string[]
  /** Milliseconds of audio per packet, forced. */
  ptime?: number
  /** All settings as the files say them; `protocol`, `media`, `codecs` and `ptime` are read from here. */
  settings: Readonly<Settings>
  /**
   * NG keys added to every offer and answer towards this endpoint, by their own names; `transport-protocol` is not among
   * them.
   */
  ng: NgDictionary
  /** What becomes of findings in SDP of this endpoint. */
  conformance?: Conformance
  /** Who says each setting; `ng.ICE` for NG keys. */
  origins: ReadonlyMap<string, SettingOrigin>
}
