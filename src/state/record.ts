import type { CallChange, CallRecord, TimelineEntry } from './store.ts'
import {
  anchorOf, branchOf, legOf, lostOf, parsed, textOfAnchor, textOfBranch, textOfExchange, textOfLeg, textOfLost,
  timelineEntryOf,
} from './values.ts'

/**
 * How a call is written in Redis: a hash with `v` (the version of this schema), `node`, `revision`, `createdAt`,
 * `caller`, `established`, `tags` (those of a call that is passed on), `pruned`, `anchor` (`[moves, for the caller, for
 * the callee]`), `lost` (`[at, why]`; empty: no more), `ended` (when), `id` (the call-id as JSON, where the key is its
 * hash), for each leg `leg:TAG`, for each branch `branch:KEY` and `exchange:KEY`; and a list of `[at, event, detail]`.
 * They are JSON arrays, as a hash takes half the room while no value is over 64 bytes.
 *
 * leg: `[profile, branch, node tag, 1 if bundled, [index, line, mid]…]`, as far as needed; branch: `[caller (0: it is KEY),
 * callee's leg, state, [cseq, transaction, 1 if late, hop], hidden media]`; exchange: `[offerer, state, at, cseq, callee,
 * standing]`
 */
export const schemaVersion = '2'

/**
 * Instances of neighbouring versions share a store while an upgrade rolls: a record of the version before is read, and so is
 * one of the version after, which must add to this one and take nothing away.
 */
export function isReadable (version: string | undefined): boolean {
  return version !== undefined && Math.abs(Number(version) - Number(schemaVersion)) <= 1
}

/** A change without these three cannot begin a call. */
export function canCreate ({ node, revision, createdAt }: CallChange): boolean {
  return node !== undefined && revision !== undefined && createdAt !== undefined
}

/** The fields of the hash that a change sets: name, value, name, value … */
export function fieldsOf (change: CallChange): string[] {
  const fields: string[] = []
  if (change.node !== undefined) fields.push('node', change.node)
  if (change.revision !== undefined) fields.push('revision', change.revision)
  if (change.createdAt !== undefined) fields.push('createdAt', String(change.createdAt))
  if (change.caller !== undefined) fields.push('caller', change.caller)
  if (change.isEstablished !== undefined) fields.push('established', change.isEstablished ? '1' : '0')
  if (change.passedTags) fields.push('tags', JSON.stringify(change.passedTags))
  if (change.isPruned) fields.push('pruned', '1')
  if (change.anchor) fields.push('anchor', textOfAnchor(change.anchor))
  if (change.lost !== undefined) fields.push('lost', textOfLost(change.lost))
  for (const [tag, leg] of Object.entries(change.legs ?? {})) fields.push(fieldOf('leg', tag), textOfLeg(leg))
  for (const [key, branch] of Object.entries(change.branches ?? {})) {
    fields.push(fieldOf('branch', key), textOfBranch(key, branch))
    fields.push(fieldOf('exchange', key), branch.exchange ? textOfExchange(branch.exchange) : '')
  }
  return fields
}

/**
 * The call that a hash and a list hold, or undefined for none. What a version far from this one or another program wrote is
 * no call either, and a leg or an entry that cannot be read is left out: a strange record must not end a call that could
 * go on.
 */
export function recordOf (fields: readonly string[], entries: readonly string[]): CallRecord | undefined {
  const plain: Record<string, string> = {}
  const named = { leg: bare<string>(), branch: bare<string>(), exchange: bare<string>() }
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [name = '', value = ''] = [fields[i], fields[i + 1]]
    const colon = name.indexOf(':')
    const kind = name.slice(0, colon)
    const key = nameOf(name.slice(colon + 1))
    if (colon < 0) plain[name] = value
    else if ((kind === 'leg' || kind === 'branch' || kind === 'exchange') && key !== undefined) named[kind][key] = value
  }
  const { v, node, revision, createdAt, caller, established, pruned, ended } = plain
  const lost = lostOf(plain.lost)
  const anchor = anchorOf(parsed(plain.anchor))
  const passedTags = textsOf(parsed(plain.tags))
  if (!isReadable(v) || node === undefined || revision === undefined || !Number(createdAt)) return undefined
  const legs = each(named.leg, (_tag, text) => legOf(parsed(text)))
  const branches = each(named.branch, (key, text) => branchOf(key, parsed(text), parsed(named.exchange[key])))
  if (Object.keys(branches).length === 0) Object.assign(branches, branchOfVersion1(plain, legs))
  return {
    node,
    revision,
    createdAt: Number(createdAt),
    ...(caller !== undefined && { caller }),
    ...(passedTags && { passedTags }),
    legs,
    branches,
    isEstablished: established === '1',
    ...(pruned === '1' && { isPruned: true }),
    ...(anchor && { anchor }),
    ...(lost && { lost }),
    ...(ended !== undefined && { endedAt: Number(ended) }),
    timeline: timelineOf(entries),
  }
}

/** Version 1 knew no branches, but one callee and one exchange (`[offerer's tag, state, cseq]`) for the whole call. */
function branchOfVersion1 (plain: Record<string, string>, legs: CallRecord['legs']): CallRecord['branches'] {
  const exchange = parsed(plain.exchange)
  const [offerer, state, cseq] = (Array.isArray(exchange) ? exchange : []) as unknown[]
  const caller = plain.caller ?? Object.keys(legs)[0]
  const callee = legOf(parsed(plain.callee))
  if (caller === undefined || !callee) return {}
  return {
    [caller]: {
      caller,
      callee,
      ...(typeof offerer === 'string' && {
        exchange: {
          offerer: offerer === caller ? 'caller' : 'callee',
          state: state === 'answered' ? 'answered' : 'offered',
          at: Math.floor(Number(plain.createdAt) / 1000),
          ...(typeof cseq === 'number' && { cseq }),
        },
      }),
      ...(plain.established === '1' && { state: 'confirmed' }),
    },
  }
}

/** Without a prototype, as the names are strangers'. */
function bare<T> (): Record<string, T> {
  return Object.create(null) as Record<string, T>
}

/** What can be read of them. */
function each<T> (texts: Record<string, string>, read: (name: string, text: string) => T | undefined): Record<string, T> {
  const found = bare<T>()
  for (const [name, text] of Object.entries(texts)) {
    const value = read(name, text)
    if (value !== undefined) found[name] = value
  }
  return found
}

/** Tags are foreign text; JSON's escapes keep every one of them as it is, lone surrogates too. */
function fieldOf (kind: 'leg' | 'branch' | 'exchange', name: string): string {
  return `${kind}:${JSON.stringify(name).slice(1, -1)}`
}

function nameOf (text: string): string | undefined {
  if (!text.includes('\\')) return text
  const name = parsed(`"${text}"`)
  return typeof name === 'string' ? name : undefined
}

function textsOf (value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined
}

function timelineOf (entries: readonly string[]): TimelineEntry[] {
  // All in one go; only when one of them is broken, each by itself.
  const values = parsed(`[${entries.join()}]`) ?? entries.map(parsed)
  return (values as unknown[]).flatMap(timelineEntryOf)
}
