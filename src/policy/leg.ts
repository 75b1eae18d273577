import type { NgDictionary } from '../ng/types.ts'
import type { Leg, LegKind } from '../sdp/conformance.ts'
import type { Profile } from './types.ts'

const legs = new WeakMap<Profile, Leg>()

/** A profile as the conformance rules look at it; made once. */
export function legOf (profile: Profile): Leg {
  let leg = legs.get(profile)
  if (!leg) {
    leg = made(profile)
    legs.set(profile, leg)
  }
  return leg
}

/** What `ng` says counts too: it is laid over what the settings come to. */
function made (profile: Profile): Leg {
  const { name, media, codecs, settings, ng } = profile
  const family = ng['address-family'] ?? settings['address-family']
  const ice = typeof ng['ICE'] === 'string' ? ng['ICE'] !== 'remove' : settings.ice !== 'none'
  return {
    name,
    kind: kindOf(profile),
    media,
    ...codecs && { codecs },
    takesIce: ice,
    takesMux: settings['rtcp-mux'] !== 'none' || ['accept', 'offer', 'require'].some((word) => has(ng, 'rtcp-mux', word)),
    takesKeyParameters: settings.sdes?.lifetime === true || has(ng, 'SDES', 'lifetime'),
    ...typeof family === 'string' && { family },
  }
}

function kindOf ({ isWebRtc, protocol, settings, ng }: Profile): LegKind {
  if (isWebRtc) return 'web'
  if (protocol.startsWith('UDP/TLS/')) return 'dtls'
  if (protocol.startsWith('RTP/SAVP')) return 'sdes'
  return settings.osrtp || has(ng, 'OSRTP', 'offer') ? 'osrtp' : 'plain'
}

/** Whether a list-type key has a word. */
function has (ng: NgDictionary, key: string, word: string): boolean {
  const value = ng[key]
  return value === word || (Array.isArray(value) && value.includes(word))
}
