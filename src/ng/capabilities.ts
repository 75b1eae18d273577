import { codecs } from './codecs.ts'
import { isAtLeast, oldestRelease, type Release, releaseOf } from './release.ts'
import type { NgDictionary, NgValue } from './types.ts'
import { type NgKey, vocabulary } from './vocabulary.ts'

/** What a release of rtpengine does that others do not. */
export interface Capabilities {
  /** The one that this speaks of: where only a bound is known, the oldest that it can be. */
  release: Release
  /** The flag `WebRTC` says in one word what a browser needs. */
  hasWebRtcFlag: boolean
  /** Several m-lines may share one port (`bundle`). */
  canBundle: boolean
  /** `rtpp-flags`: the daemon reads a flags string as Kamailio writes it. */
  readsFlagsString: boolean
  /** A string with commas stands for a list. Before, a string where a list belongs is ignored without a word. */
  readsCommaLists: boolean
  /** A `delete` heeds its to-tag only beside the flag `to-tag`. */
  deleteNeedsToTagFlag: boolean
  /** A `delete` without tags is answered with the call's counters too. */
  deleteAlwaysCounts: boolean
  /** Blocking and silencing heed a from-tag only beside the flag `directional`. */
  blockNeedsDirectional: boolean
  /** The SDP is written anew, so that attributes come in another order and unknown ones may be lost. */
  rewritesSdp: boolean
  /** An answer from a tag that was not offered to counts as the offered party's own. */
  aliasesTags: boolean
  /** Whether it knows a key, word or command that came with `since`. */
  knows: (since: Release) => boolean
  /** Whether it knows a command by its name on the wire. */
  hasCommand: (command: string) => boolean
  /** Whether it can transcode to a codec, by its registered name. */
  encodes: (codec: string) => boolean
}

/** Where each trait came in. */
const traits = {
  hasWebRtcFlag: '12.5',
  canBundle: '14.0',
  readsFlagsString: '12.4',
  readsCommaLists: '12.5',
  deleteNeedsToTagFlag: '12.5',
  deleteAlwaysCounts: '12.5',
  blockNeedsDirectional: '12.4',
  rewritesSdp: '13.0',
  aliasesTags: '13.1',
} as const satisfies Partial<Record<keyof Capabilities, Release>>

/** Where each command came in that 10.5 does not have. */
const laterCommands: ReadonlyMap<string, Release> = new Map(Object.entries({
  'pause recording': '11.3', connect: '13.2', cli: '13.2', transform: '13.3',
  create: '26.0', 'create answer': '26.0', 'inject start': '26.0', 'inject stop': '26.0', mesh: '26.1',
}))

/**
 * What a node can do, by its version: `12.5.1.31-1` or `12.5`. One that cannot be read, or none, counts as the oldest: what
 * 10.5 understands, all do.
 */
export function capabilitiesOf (version: string | undefined): Capabilities {
  const release = (version === undefined ? undefined : releaseOf(version)) ?? oldestRelease
  const known = table.get(release)
  if (known) return known
  const capabilities = capabilitiesOfRelease(release)
  if (table.size < mostReleases) table.set(release, capabilities)
  return capabilities
}

const table = new Map<Release, Capabilities>()
const mostReleases = 64

function capabilitiesOfRelease (release: Release): Capabilities {
  const knows = (since: Release) => isAtLeast(release, since)
  const own = Object.fromEntries(Object.entries(traits).map(([trait, since]) => [trait, knows(since)]))
  const hasCommand = (command: string) => knows(laterCommands.get(command) ?? oldestRelease)
  const encodes = (codec: string) => {
    const since = codecs.get(codec)
    return since !== undefined && knows(since)
  }
  return { release, ...own as Record<keyof typeof traits, boolean>, knows, hasCommand, encodes }
}

/** The first release that has a command. */
export function commandSince (command: string): Release | undefined {
  return laterCommands.get(command)
}

/** A key or word that a node's release would ignore without an error, and the first release that heeds it. */
export interface UnknownToNode { path: (string | number)[], word: string, since: Release }

/**
 * What of the flags of an offer or answer a node is too old for. Words that no release knows are not its matter:
 * `checkNgDictionary` finds them.
 */
export function unknownTo (
  { knows }: Pick<Capabilities, 'knows'>, flags: NgDictionary, keys: ReadonlyMap<string, NgKey> = vocabulary,
): UnknownToNode[] {
  return Object.entries(flags).flatMap(([name, value]) => {
    const key = keys.get(name)
    if (!key) return []
    if (!knows(key.since)) return [{ path: [name], word: name, since: key.since }]
    if (key.type === 'dictionary') return isDictionary(value) ? within(name, unknownTo({ knows }, value, key.keys)) : []
    if (key.type === 'integer' || !key.words) return []
    const { words } = key
    const items = Array.isArray(value) ? value : [value]
    return within(name, items.flatMap((item, index) => {
      if (typeof item !== 'string') return []
      const since = words.get(item)
      return since === undefined || knows(since) ? [] : [{ path: Array.isArray(value) ? [index] : [], word: item, since }]
    }))
  })
}

function within (name: string, found: UnknownToNode[]): UnknownToNode[] {
  return found.map((each) => ({ ...each, path: [name, ...each.path] }))
}

function isDictionary (value: NgValue): value is NgDictionary {
  return typeof value === 'object' && !Array.isArray(value) && !Buffer.isBuffer(value)
}
