import type {
  AnchorRecord, BranchRecord, ExchangeRecord, HiddenMedia, InviteRecord, LegRecord, LostRecord, TimelineEntry,
} from './store.ts'

// How each value of a record is written and read: JSON arrays without names, as record.ts describes them. What cannot be
// read is undefined, whoever wrote it.

export function textOfAnchor ({ moves, caller, callee }: AnchorRecord): string {
  return JSON.stringify([moves, caller ?? 0, callee ?? 0])
}

export function anchorOf (value: unknown): AnchorRecord | undefined {
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

export function textOfLeg (leg: LegRecord): string {
  return JSON.stringify(valueOfLeg(leg))
}

/** Media are lists and the mark is a number, so that they stand anywhere behind the two texts. */
function valueOfLeg ({ profile, branch, nodeTag, hidden = [], isBundled }: LegRecord): unknown[] {
  const texts = nodeTag !== undefined ? [branch ?? '', nodeTag] : branch !== undefined ? [branch] : []
  return [profile, ...texts, ...(isBundled ? [1] : []), ...hidden.map(valueOfMedia)]
}

export function legOf (value: unknown): LegRecord | undefined {
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

export function textOfBranch (key: string, { caller, callee, state, invite, hidden = [] }: BranchRecord): string {
  return JSON.stringify([
    caller === key ? 0 : caller, valueOfLeg(callee), states.indexOf(state),
    invite ? valueOfInvite(invite) : 0,
    ...hidden.map(valueOfMedia),
  ])
}

export function branchOf (key: string, value: unknown, exchangeValue: unknown): BranchRecord | undefined {
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

export function textOfExchange ({ offerer, state, at, cseq, callee, standing }: ExchangeRecord): string {
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

export function entryOf ({ at, event, detail }: TimelineEntry): string {
  return JSON.stringify(detail === undefined ? [at, event] : [at, event, detail])
}

export function timelineEntryOf (value: unknown): TimelineEntry | [] {
  if (!Array.isArray(value)) return []
  const [at, event, detail] = value as unknown[]
  if (typeof at !== 'number' || typeof event !== 'string') return []
  return typeof detail === 'string' ? { at, event, detail } : { at, event }
}

/** JSON; undefined for what is none. */
export function parsed (text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
