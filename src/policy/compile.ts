import type { NgDictionary } from '../ng/types.ts'
import { parseBlock } from './address.ts'
import { canonicalCodec } from './codec-names.ts'
import { mergeNg } from './merge.ts'
import { presets } from './presets.ts'
import type { EndpointEntry, PolicyFile, ProfileEntry } from './schema.ts'
import type { Endpoint, MediaProtocol, Policy, Profile } from './types.ts'

/** Files without problems as one policy: profiles with all that they extend, endpoints in the order of the files. */
export function compile (files: readonly PolicyFile[]): Omit<Policy, 'revision'> {
  const entries = new Map(files.flatMap(({ profiles }) => Object.entries(profiles ?? {})))
  const profiles = new Map<string, Profile>(Object.entries(presets))
  for (const name of entries.keys()) profiles.set(name, profileOf(name, entries))
  return { profiles, endpoints: files.flatMap(({ endpoints }) => endpoints ?? []).map(endpointOf) }
}

function profileOf (name: string, entries: ReadonlyMap<string, ProfileEntry>): Profile {
  const entry = entries.get(name)
  if (entry === undefined) return presets[name as keyof typeof presets]
  const base = profileOf(entry.extends, entries)
  // The checks have let in nothing but what NG has too: strings, whole numbers, lists and dictionaries.
  const { 'transport-protocol': protocol = base.protocol, ...ng } = (entry.ng ?? {}) as NgDictionary
  const codecs = entry.codecs?.map((codec) => canonicalCodec(codec) ?? codec) ?? base.codecs
  const ptime = entry.ptime ?? base.ptime
  return {
    name,
    protocol: protocol as MediaProtocol,
    isWebRtc: base.isWebRtc,
    media: entry.media ?? base.media,
    ...codecs && { codecs },
    ...ptime !== undefined && { ptime },
    ng: mergeNg(base.ng, ng),
  }
}

function endpointOf ({ profile, match = {} }: EndpointEntry): Endpoint {
  const address = match.address && listOf(match.address).flatMap((text) => parseBlock(text) ?? [])
  return {
    profile,
    ...match.transport !== undefined && { transport: listOf(match.transport) },
    ...address && { address },
    ...match.vars && { vars: match.vars },
  }
}

const listOf = <Item>(value: Item | Item[]): Item[] => Array.isArray(value) ? value : [value]
