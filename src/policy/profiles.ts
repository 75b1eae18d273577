import type { NgDictionary } from '../ng/types.ts'
import { canonicalCodec } from './codec-names.ts'
import type { Conformance } from './conformance.ts'
import { mergeNg } from './merge.ts'
import { presets } from './presets.ts'
import type { ProfileEntry, SettingsEntry } from './settings.ts'
import type { Profile, SettingOrigin } from './profile.ts'
import type { MediaProtocol } from './schema-match.ts'

/** Who says a setting of an entry, by its key; `ng.ICE` for NG keys. */
type OriginOf = (key: string) => SettingOrigin

type Entries = ReadonlyMap<string, { entry: ProfileEntry, originOf: OriginOf }>

/**
 * Every preset, and every profile of some files, with all that it extends. The checks have found all names known.
 * @param conformance of all of them; a profile's own stands before it.
 */
export function profilesFrom (entries: Entries, conformance: Conformance): Map<string, Profile> {
  const profiles = new Map(presetProfiles)
  if (Object.keys(conformance).length > 0) {
    for (const [name, profile] of presetProfiles) profiles.set(name, { ...profile, conformance })
  }
  const profileOf = (name: string): Profile => {
    const known = profiles.get(name)
    if (known) return known
    const found = entries.get(name)
    if (!found) throw new Error(`no profile ${name}`)
    const { extends: base, ...entry } = found.entry
    const profile = extended(name, profileOf(base), entry, found.originOf)
    profiles.set(name, profile)
    return profile
  }
  for (const name of entries.keys()) profileOf(name)
  return profiles
}

/** The profile with other settings; a profile is changed by the same entry once, however often that is asked for. */
export function changing (entry: SettingsEntry, originOf: OriginOf): (profile: Profile) => Profile {
  const changed = new WeakMap<Profile, Profile>()
  return (profile) => {
    let own = changed.get(profile)
    if (!own) {
      own = { ...extended(profile.name, profile, entry, originOf), line: profile.line }
      changed.set(profile, own)
    }
    return own
  }
}

/** What the presets that extend nothing are made from. */
const nothing: Profile = {
  name: '', line: [], protocol: 'RTP/AVP', isWebRtc: false, media: [], settings: {}, ng: {}, origins: new Map(),
}

/** What each preset comes to, by name. */
export const presetProfiles = new Map<string, Profile>()
for (const [name, { extends: base, ...preset }] of Object.entries(presets)) {
  const entry: SettingsEntry = Object.fromEntries(Object.entries(preset).filter(([key]) => key !== 'about'))
  const from = base === undefined ? { ...nothing, isWebRtc: name === 'webrtc' } : presetProfiles.get(base) ?? nothing
  presetProfiles.set(name, extended(name, from, entry, () => ({ source: `preset ${name}` })))
}

/** The preset of a leg that no endpoint matches. */
export const fallback = presetProfile('sip')

/** @throws Error for a name that no preset has: names from files have been checked before. */
export function presetProfile (name: string): Profile {
  const profile = presetProfiles.get(name)
  if (!profile) throw new Error(`there is no preset ${name}`)
  return profile
}

function extended (name: string, base: Profile, { ng = {}, ...own }: SettingsEntry, originOf: OriginOf): Profile {
  // The checks have let in nothing but what NG has too: strings, whole numbers, lists and dictionaries.
  const { 'transport-protocol': ngProtocol, ...rest } = ng as NgDictionary
  const settings = { ...base.settings, ...own, ...typeof ngProtocol === 'string' && { protocol: ngProtocol as MediaProtocol } }
  const { protocol, media, ptime } = settings
  const conformance = own.conformance ? { ...base.conformance, ...own.conformance as Conformance } : base.conformance
  const codecs = codecsOf(settings)
  const origins = new Map(base.origins)
  for (const key of Object.keys(own)) origins.set(key, originOf(key))
  for (const key of Object.keys(rest)) origins.set(`ng.${key}`, originOf(`ng.${key}`))
  if (ngProtocol !== undefined) origins.set('protocol', originOf('ng.transport-protocol'))
  return {
    name,
    line: [name, ...base.line],
    protocol: (protocol ?? base.protocol),
    isWebRtc: base.isWebRtc,
    // What rtpengine turns into audio has to reach rtpengine first.
    media: [...new Set([...media ?? [], ...settings.t38 === 'decode' ? ['image'] : []])],
    ...codecs && { codecs },
    ...ptime !== undefined && { ptime },
    settings,
    ...conformance && { conformance },
    ng: mergeNg(base.ng, rest),
    origins,
  }
}

function codecsOf ({ codecs, dtmf = [] }: SettingsEntry): string[] | undefined {
  const names = codecs?.map((codec) => canonicalCodec(codec) ?? codec)
  return names && dtmf.includes('rfc4733') && !names.includes('telephone-event') ? [...names, 'telephone-event'] : names
}
