import { NgpilotError } from '../errors.ts'
import type { CallSelector } from '../ng/commands.ts'
import type { BranchRecord, CallChange, CallRecord, ExchangeRecord, LegRecord } from '../state/store.ts'
import type { End } from './exchange.ts'
import { ownBranch } from './own-branch.ts'
import type { MediaRequest } from './request.ts'

/** Where in a call a message belongs: the branch, and who is who of it. `by`: the end whose tag is the from-tag. */
export interface Place {
  key: string
  /** Undefined when the message opens it. */
  branch: BranchRecord | undefined
  by: End
  caller: string
  callee?: string
}

type Tags = Pick<MediaRequest, 'fromTag' | 'toTag' | 'viaBranch'>

/** Each fork costs ports at the node and room in the record. */
const mostBranches = 50

/**
 * Where a message belongs that names both parties, or opens a branch. A callee is known by its leg. One that shows its tag
 * for the first time is found by the via-branch, else it is on the latest branch, of those that fit its SDP if any does.
 */
export function placeOf (
  call: CallRecord | undefined, { fromTag, toTag, viaBranch }: Tags, fits: (branch: BranchRecord) => boolean = () => true,
): Place {
  if (toTag === undefined) {
    const key = viaBranch ?? fromTag
    return { key, branch: branchOf(call, key), by: 'caller', caller: fromTag }
  }
  const towards = branchWith(call, fromTag, toTag)
  if (towards) return { ...towards, by: 'caller', caller: fromTag, callee: toTag }
  const back = branchWith(call, toTag, fromTag)
  if (back) return { ...back, by: 'callee', caller: toTag, callee: fromTag }
  const isBack = legOf(call, fromTag) === undefined && legOf(call, toTag) !== undefined
  const [caller, callee] = isBack ? [toTag, fromTag] : [fromTag, toTag]
  const found = openBranch(call, caller, viaBranch, fits)
  return { ...found ?? { key: viaBranch ?? caller, branch: undefined }, by: isBack ? 'callee' : 'caller', caller, callee }
}

/**
 * Where an offer belongs that opens a branch towards a receiver of this profile. Forks that come without a via-branch are
 * told apart by their profiles: those of one profile can share an SDP, and the node's ports.
 *
 * @throws NgpilotError `too_large` when the call has 50 branches already.
 */
export function openingPlace (call: CallRecord | undefined, request: Tags, profile: string): Place {
  const place = placeOf(call, request)
  const isOther = request.viaBranch === undefined && place.branch && place.branch.callee.profile !== profile
  const key = isOther ? `${place.key};${profile}` : place.key
  const branch = branchOf(call, key)
  if (!branch && call && Object.keys(call.branches).length >= mostBranches) {
    throw new NgpilotError('too_large', `the call has ${mostBranches} branches already`)
  }
  return { ...place, key, branch }
}

/** The leg behind a tag. */
export function legOf (call: CallRecord | undefined, tag: string): LegRecord | undefined {
  return call?.legs[tag]
}

/** What is known of the leg at one end of a place: its own leg, or the one that has not shown its tag yet. */
export function legAt (call: CallRecord | undefined, { branch, caller, callee }: Place, end: End): LegRecord | undefined {
  if (end === 'callee') return (callee === undefined ? undefined : legOf(call, callee)) ?? branch?.callee
  const leg = legOf(call, caller)
  return leg && branch?.hidden ? { ...leg, hidden: branch.hidden } : leg
}

export function otherEnd (end: End): End {
  return end === 'caller' ? 'callee' : 'caller'
}

/**
 * How the node is told of a place. Every branch has a via-branch there, so that it can be deleted by itself. A branch that
 * forks further on is one leg to it, by the tag of the first that answered: the others have been offered that leg's ports,
 * and rtpengine up to 12.5 would give a leg of another tag other ones.
 * @param change what becomes of the call with the command: the node is told of its branch as it will be
 */
export function selectorOf (
  call: CallRecord | undefined, callId: string, place: Place, change: CallChange = {},
): CallSelector & { fromTag: string } {
  const { key, by, caller, callee } = place
  const calleeTag = callee === undefined ? undefined : legOf(call, callee)?.nodeTag ?? nodeTagOf(call, place) ?? callee
  const legs = { ...call?.legs, ...change.legs }
  const branches = { ...call?.branches, ...change.branches }
  const viaBranch = viaBranchOf({ legs, branches }, key)
  if (by === 'caller') return { callId, fromTag: caller, viaBranch, ...(calleeTag !== undefined && { toTag: calleeTag }) }
  if (!branches[key]?.invite?.isLate) return { callId, fromTag: calleeTag ?? '', toTag: caller }
  // Until it has answered, the node knows the caller of a late offer by the via-branch alone, and makes other ports for its
  // tag.
  const isAnswered = hasAnswer(call?.branches[key]?.exchange)
  return { callId, fromTag: calleeTag ?? '', ...isAnswered && { toTag: caller }, viaBranch }
}

function hasAnswer (exchange: ExchangeRecord | undefined): boolean {
  return exchange?.state === 'answered' || exchange?.standing !== undefined
}

/** The via-branch by which the node knows a branch. */
export function viaBranchOf ({ legs, branches }: Pick<CallRecord, 'legs' | 'branches'>, key: string): string {
  const { caller = '', callee, invite } = branches[key] ?? {}
  return ownBranch({
    key, caller: legs[caller]?.profile ?? '', callee: callee?.profile ?? '', ...invite?.isLate && { isLate: true },
  })
}

/** The tag by which the node knows the callee of a branch, once one has answered. */
export function nodeTagOf (call: CallRecord | undefined, { key }: Pick<Place, 'key'>): string | undefined {
  return Object.entries(call?.legs ?? {}).find(([, leg]) => leg.branch === key && leg.nodeTag === undefined)?.[0]
}

/** The branches that have not ended. */
export function liveBranches (call: CallRecord): [key: string, branch: BranchRecord][] {
  return Object.entries(call.branches).filter(([, { state }]) => state !== 'ended')
}

function branchOf (call: CallRecord | undefined, key: string): BranchRecord | undefined {
  return call?.branches[key]
}

function branchWith (call: CallRecord | undefined, caller: string, callee: string): Pick<Place, 'key' | 'branch'> | undefined {
  const key = legOf(call, callee)?.branch
  const branch = key === undefined ? undefined : branchOf(call, key)
  return key !== undefined && branch?.caller === caller ? { key, branch } : undefined
}

function openBranch (
  call: CallRecord | undefined, caller: string, viaBranch: string | undefined, fits: (branch: BranchRecord) => boolean,
): Pick<Place, 'key' | 'branch'> | undefined {
  if (!call) return undefined
  const named = viaBranch === undefined ? undefined : branchOf(call, viaBranch)
  if (viaBranch !== undefined && named?.caller === caller) return { key: viaBranch, branch: named }
  const open = liveBranches(call).filter(([, { caller: tag }]) => tag === caller)
  const [key, branch] = open.findLast(([, each]) => fits(each)) ?? open.at(-1) ?? []
  return key === undefined ? undefined : { key, branch }
}
