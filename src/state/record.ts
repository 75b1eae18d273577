import type { CallChange, CallRecord, ExchangeRecord, HiddenMedia, LegRecord, OwedDelete, TimelineEntry } from './store.ts'

/**
 * How a call is written in Redis: a hash with `v` (the version of this schema), `node`, `revision`, `createdAt`,
 * `caller`, `established`, `exchange` (`[offerer, state, cseq]`), `callee` and, for each leg, `leg:TAG` (both
 * `[profile, 1 if bundled, [index, line, mid]…]`), and a list of `[at, event, detail]`. They are JSON arrays, because a
 * hash takes half the room while no value is over 64 bytes.
 */
export const schemaVersion = '1'

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
  if (change.callee) fields.push('callee', textOfLeg(change.callee))
  if (change.exchange) fields.push('exchange', textOfExchange(change.exchange))
  for (const [tag, leg] of Object.entries(change.legs ?? {})) fields.push(fieldOfTag(tag), textOfLeg(leg))
  return fields
}

export function entryOf ({ at, event, detail }: TimelineEntry): string {
  return JSON.stringify(detail === undefined ? [at, event] : [at, event, detail])
}

/**
 * The call that a hash and a list hold, or undefined for none. What another version or another program wrote is no call
 * either, and a leg or an entry that cannot be read is left out: a strange record must not end a call that could go on.
 */
export function recordOf (fields: readonly string[], entries: readonly string[]): CallRecord | undefined {
  const plain: Record<string, string> = {}
  const legs = Object.create(null) as CallRecord['legs']
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const value = fields[i + 1] ?? ''
    if (!name.startsWith('leg:')) {
      plain[name] = value
      continue
    }
    const tag = tagOf(name.slice('leg:'.length))
    const leg = legOf(parsed(value))
    if (tag !== undefined && leg) legs[tag] = leg
  }
  const { v, node, revision, createdAt, caller, established } = plain
  if (v !== schemaVersion || node === undefined || revision === undefined || !Number(createdAt)) return undefined
  const callee = legOf(parsed(plain.callee))
  const exchange = exchangeOf(parsed(plain.exchange))
  return {
    node,
    revision,
    createdAt: Number(createdAt),
    ...(caller !== undefined && { caller }),
    legs,
    ...(callee && { callee }),
    ...(exchange && { exchange }),
    isEstablished: established === '1',
    timeline: timelineOf(entries),
  }
}

/** Tags are foreign text; JSON's escapes keep every one of them as it is, lone surrogates too. */
function fieldOfTag (tag: string): string {
  return `leg:${JSON.stringify(tag).slice(1, -1)}`
}

function tagOf (text: string): string | undefined {
  if (!text.includes('\\')) return text
  const tag = parsed(`"${text}"`)
  return typeof tag === 'string' ? tag : undefined
}

function textOfLeg ({ profile, hidden = [], isBundled }: LegRecord): string {
  const media = hidden.map(({ index, line, mid }) => mid === undefined ? [index, line] : [index, line, mid])
  return JSON.stringify([profile, ...(isBundled ? [1] : []), ...media])
}

function legOf (value: unknown): LegRecord | undefined {
  if (!Array.isArray(value)) return undefined
  const [profile, ...media] = value as unknown[]
  if (typeof profile !== 'string') return undefined
  const hidden = media.flatMap(hiddenOf)
  return { profile, ...(hidden.length > 0 && { hidden }), ...(media.includes(1) && { isBundled: true }) }
}

function hiddenOf (value: unknown): HiddenMedia[] {
  if (!Array.isArray(value)) return []
  const [index, line, mid] = value as unknown[]
  if (typeof index !== 'number' || typeof line !== 'string') return []
  return [{ index, line, ...(typeof mid === 'string' && { mid }) }]
}

function textOfExchange ({ offerer, state, cseq }: ExchangeRecord): string {
  return JSON.stringify(cseq === undefined ? [offerer, state] : [offerer, state, cseq])
}

function exchangeOf (value: unknown): ExchangeRecord | undefined {
  if (!Array.isArray(value)) return undefined
  const [offerer, state, cseq] = value as unknown[]
  if (typeof offerer !== 'string' || (state !== 'offered' && state !== 'answered')) return undefined
  return { offerer, state, ...(typeof cseq === 'number' && { cseq }) }
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

/** A delete that another instance left; what cannot be read is none. */
export function owedDeleteOf (text: string): OwedDelete[] {
  const value = parsed(text) as Partial<OwedDelete> | undefined
  const { callId, node, expiresAt } = value ?? {}
  const isSound = typeof callId === 'string' && typeof expiresAt === 'number'
    && typeof node?.id === 'string' && typeof node.host === 'string' && typeof node.port === 'number'
  return isSound ? [{ callId, node: { id: node.id, host: node.host, port: node.port }, expiresAt }] : []
}

function parsed (text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
