import type {
  AnchorRecord, BranchRecord, CallChange, CallRecord, ExchangeRecord, HiddenMedia, InviteRecord, LegRecord, LostRecord,
  OwedDelete, TimelineEntry,
} from './store.ts'

/**
 * How a call is written in Redis: a hash with `v` (the version of this schema), `node`, `revision`, `createdAt`,
 * `caller`, `established`, `anchor` (`[moves, for the caller, for the callee]`), `lost` (`[at, why]`; empty: no more),
 * `ended` (when), `id` (the call-id as JSON, where the key is its hash), for each leg `leg:TAG`, for each branch
 * `branch:KEY` and `exchange:KEY`; and a list of `[at, event, detail]`. They are JSON arrays, as a hash takes half the room
 * while no value is over 64 bytes.
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
  if (change.anchor) fields.push('anchor', textOfAnchor(change.anchor))
  if (change.lost !== undefined) fields.push('lost', textOfLost(change.lost))
  for (const [tag, leg] of Object.entries(change.legs ?? {})) fields.push(fieldOf('leg', tag), textOfLeg(leg))
  for (const [key, branch] of Object.entries(change.branches ?? {})) {
    fields.push(fieldOf('branch', key), textOfBranch(key, branch))
    fields.push(fieldOf('exchange', key), branch.exchange ? textOfExchange(branch.exchange) : '')
  }
  return fields
}

export function entryOf ({ at, event, detail }: TimelineEntry): string {
  return JSON.stringify(detail === undefined ? [at, event] : [at, event, detail])
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
  const { v, node, revision, createdAt, caller, established, ended } = plain
  const lost = lostOf(plain.lost)
  const anchor = anchorOf(parsed(plain.anchor))
  if (!isReadable(v) || node === undefined || revision === undefined || !Number(createdAt)) return undefined
  const legs = each(named.leg, (_tag, text) => legOf(parsed(text)))
  const branches = each(named.branch, (key, text) => branchOf(key, parsed(text), parsed(named.exchange[key])))
  if (Object.keys(branches).length === 0) Object.assign(branches, branchOfVersion1(plain, legs))
  return {
    node,
    revision,
    createdAt: Number(createdAt),
    ...(caller !== undefined && { caller }),
    legs,
    branches,
    isEstablished: established === '1',
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

function textOfAnchor ({ moves, caller, callee }: AnchorRecord): string {
  return JSON.stringify([moves, caller ?? 0, callee ?? 0])
}

function anchorOf (value: unknown): AnchorRecord | undefined {
  if (!Array.isArray(value)) return undefined
  const [moves, caller, callee] = value as unknown[]
  if (typeof moves !== 'number') return undefined
  return { moves, ...(typeof caller === 'string' && { caller }), ...(typeof callee === 'string' && { callee }) }
}

export function textOfLost (lost: LostRecord | null): string {
  return lost ? JSON.stringify([lost.at, lost.why]) : ''
}

export function lostOf (text: string | null | undefined): LostRecord | undefined {
  const value = parsed(text ?? undefined)
  if (!Array.isArray(value)) return undefined
  const [at, why] = value as unknown[]
  return typeof at === 'number' && (why === 'node-lost' || why === 'media-timeout') ? { at, why } : undefined
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

function textOfLeg (leg: LegRecord): string {
  return JSON.stringify(valueOfLeg(leg))
}

/** Media are lists and the mark is a number, so that they stand anywhere behind the two texts. */
function valueOfLeg ({ profile, branch, nodeTag, hidden = [], isBundled }: LegRecord): unknown[] {
  const texts = nodeTag !== undefined ? [branch ?? '', nodeTag] : branch !== undefined ? [branch] : []
  return [profile, ...texts, ...(isBundled ? [1] : []), ...hidden.map(valueOfMedia)]
}

function legOf (value: unknown): LegRecord | undefined {
  if (!Array.isArray(value)) return undefined
  const [profile, ...rest] = value as unknown[]
  if (typeof profile !== 'string') return undefined
  const [branch, nodeTag] = rest.filter((each) => typeof each === 'string')
  const hidden = rest.flatMap(hiddenOf)
  return {
    profile,
    ...(branch !== undefined && { branch }),
    ...(nodeTag !== undefined && { nodeTag }),
    ...(hidden.length > 0 && { hidden }),
    ...(rest.includes(1) && { isBundled: true }),
  }
}

function valueOfMedia ({ index, line, mid }: HiddenMedia): unknown[] {
  return mid === undefined ? [index, line] : [index, line, mid]
}

function hiddenOf (value: unknown): HiddenMedia[] {
  if (!Array.isArray(value)) return []
  const [index, line, mid] = value as unknown[]
  if (typeof index !== 'number' || typeof line !== 'string') return []
  return [{ index, line, ...(typeof mid === 'string' && { mid }) }]
}

const states = [undefined, 'confirmed', 'ended', 'cancelled'] as const

function textOfBranch (key: string, { caller, callee, state, invite, hidden = [] }: BranchRecord): string {
  return JSON.stringify([
    caller === key ? 0 : caller, valueOfLeg(callee), states.indexOf(state),
    invite ? valueOfInvite(invite) : 0,
    ...hidden.map(valueOfMedia),
  ])
}

function branchOf (key: string, value: unknown, exchangeValue: unknown): BranchRecord | undefined {
  if (!Array.isArray(value)) return undefined
  const [caller, leg, state, inviteValue, ...media] = value as unknown[]
  const callee = legOf(leg)
  const stateName = states[Number(state)]
  if ((typeof caller !== 'string' && caller !== 0) || !callee) return undefined
  const invite = inviteOf(inviteValue)
  const exchange = exchangeOf(exchangeValue)
  const hidden = media.flatMap(hiddenOf)
  return {
    caller: caller === 0 ? key : caller,
    callee,
    ...(hidden.length > 0 && { hidden }),
    ...(invite && { invite }),
    ...(exchange && { exchange }),
    ...(stateName && { state: stateName }),
  }
}

/** Without what is not there. */
function valueOfInvite ({ cseq, transaction, isLate, hop }: InviteRecord): unknown[] {
  return [cseq, transaction, ...(isLate ? [1] : []), ...(hop === undefined ? [] : [hop])]
}

function inviteOf (value: unknown): InviteRecord | undefined {
  if (!Array.isArray(value)) return undefined
  const [cseq, transaction, ...rest] = value as unknown[]
  if (typeof cseq !== 'number' || typeof transaction !== 'string') return undefined
  const hop = rest.find((each) => typeof each === 'string')
  return { cseq, transaction, ...(rest.includes(1) && { isLate: true }), ...(hop !== undefined && { hop }) }
}

function textOfExchange ({ offerer, state, at, cseq, callee, standing }: ExchangeRecord): string {
  const rest: (string | number | null | undefined)[] = [cseq, callee, standing]
  while (rest.length > 0 && rest.at(-1) === undefined) rest.pop()
  return JSON.stringify([offerer === 'callee' ? 1 : 0, state === 'answered' ? 1 : 0, at, ...rest.map((each) => each ?? null)])
}

function exchangeOf (value: unknown): ExchangeRecord | undefined {
  if (!Array.isArray(value)) return undefined
  const [offerer, state, at, cseq, callee, standing] = value as unknown[]
  if ((offerer !== 0 && offerer !== 1) || (state !== 0 && state !== 1) || typeof at !== 'number') return undefined
  return {
    offerer: offerer === 1 ? 'callee' : 'caller',
    state: state === 1 ? 'answered' : 'offered',
    at,
    ...(typeof cseq === 'number' && { cseq }),
    ...(typeof callee === 'string' && { callee }),
    ...(typeof standing === 'string' && { standing }),
  }
}

function timelineOf (entries: readonly string[]): TimelineEntry[] {
  // All in one go; only when one of them is broken, each by itself.
  const values = parsed(`[${entries.join()}]`) ?? entries.map(parsed)
  return (values as unknown[]).flatMap(timelineEntryOf)
}

function timelineEntryOf (value: unknown): TimelineEntry | [] {
  if (!Array.isArray(value)) return []
  const [at, event, detail] = value as unknown[]
  if (typeof at !== 'number' || typeof event !== 'string') return []
  return typeof detail === 'string' ? { at, event, detail } : { at, event }
}

const transportNames: ReadonlySet<unknown> = new Set(['udp', 'ws', 'wss', 'http', 'https'])

/** A delete that another instance left; what cannot be read is none. */
export function owedDeleteOf (text: string): OwedDelete[] {
  const value = parsed(text) as Partial<OwedDelete> | undefined
  const { callId, node, expiresAt, branch, isDoubtful } = value ?? {}
  const isSound = typeof callId === 'string' && typeof expiresAt === 'number'
    && typeof node?.id === 'string' && typeof node.host === 'string' && typeof node.port === 'number'
    && (branch === undefined || typeof branch.fromTag === 'string')
    && (node.transport === undefined || transportNames.has(node.transport))
  if (!isSound) return []
  const { id, host, port, transport } = node
  const viaBranch = branch?.viaBranch === undefined ? {} : { viaBranch: branch.viaBranch }
  return [{
    callId, node: { id, host, port, ...(transport && { transport }) }, expiresAt, ...(isDoubtful === true && { isDoubtful }),
    ...(branch && { branch: { fromTag: branch.fromTag, ...viaBranch } }),
  }]
}

function parsed (text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
