import type { Policy } from '../policy/types.ts'
import { hiddenBeside } from '../sdp/media.ts'
import { parseSdp } from '../sdp/parse.ts'
import type { CallRecord, HiddenMedia } from '../state/store.ts'
import { legsAtNode } from './at-node.ts'
import type { CallDeps } from './deps.ts'
import { type Located, locate } from './locate.ts'
import { otherEnd } from './place.ts'
import type { MediaRequest } from './request.ts'

/** What takes a call up that no store knows. `isAnswer`: the SDP is one, as far as that can be told without a record. */
export type Adopt = (request: MediaRequest, isAnswer: boolean) => Promise<CallRecord | undefined>

/**
 * Takes a call up again whose record is gone, from what its node tells of it: the legs by their tags, and of each branch
 * what our mark says. m-lines that only the sender of the SDP sees are those of it that the node does not have. What only
 * the record knew is gone: the same of the other leg, the INVITE, the timeline.
 */
export function createAdopt ({ policy, fleet, ng, store }: Pick<CallDeps, 'policy' | 'fleet' | 'ng' | 'store'>): Adopt {
  return async function adopt (request, isAnswer) {
    const { callId, toTag, deadline } = request
    if (toTag === undefined) return undefined
    const located = await locate({ fleet, ng }, callId, deadline)
    const record = located && recordOf(located, policy(callId), { ...request, toTag }, isAnswer)
    if (!record) return undefined
    const { timeline: [event], ...fields } = record
    await store.save(callId, { ...fields, ...event && { event } })
    return record
  }
}

function recordOf (
  { node, reply }: Located, { revision, profiles }: Pick<Policy, 'revision' | 'profiles'>,
  { fromTag, toTag, sdp }: { fromTag: string, toTag: string, sdp?: Buffer }, isAnswer: boolean,
): CallRecord | undefined {
  const atNode = legsAtNode(reply)
  const speaker = isAnswer ? toTag : fromTag
  const hidden = hiddenOf(sdp, atNode.find(({ tag }) => tag === speaker)?.kinds ?? [])
  const legs: CallRecord['legs'] = Object.create(null) as CallRecord['legs']
  const branches: CallRecord['branches'] = Object.create(null) as CallRecord['branches']
  const at = Math.floor(Date.now() / 1000)
  for (const { tag, peers, branch } of atNode) {
    if (!branch) continue
    const other = peers[0] ?? atNode.find((leg) => !leg.branch && leg.tag !== '')?.tag ?? ''
    const unknown = other === fromTag ? toTag : fromTag
    const [caller, callee] = branch.isLate ? [tag === '' ? unknown : tag, other] : [other, tag]
    const callerProfile = profiles.get(branch.caller)
    if (caller === '') continue
    legs[caller] = { profile: branch.caller, ...callerProfile?.isWebRtc && { isBundled: true } }
    if (callee !== '') legs[callee] = { profile: branch.callee, branch: branch.key, ...callee === speaker && hidden }
    // Whose the latest offer was, the node does not say; the SDP that comes now does.
    const sender = fromTag === caller ? 'caller' : 'callee'
    branches[branch.key] = {
      caller, callee: { profile: branch.callee }, ...caller === speaker && hidden,
      ...branch.isLate && { invite: { cseq: 0, transaction: '', isLate: true as const } },
      exchange: { offerer: isAnswer ? sender : otherEnd(sender), state: isAnswer ? 'offered' : 'answered', at },
      ...!isAnswer && { state: 'confirmed' },
    }
  }
  const [first] = Object.values(branches)
  if (!first) return undefined
  return {
    node: node.id, revision, createdAt: Math.min(...atNode.map(({ createdAt }) => createdAt)), caller: first.caller,
    legs, branches, isEstablished: !isAnswer,
    timeline: [{ at: Date.now(), event: 'taken up again', detail: `its record was gone, ${node.id} has it` }],
  }
}

/** Of an SDP that cannot be read whoever reads it next complains. */
function hiddenOf (bytes: Buffer | undefined, kinds: readonly string[]): { hidden?: HiddenMedia[] } {
  if (!bytes || kinds.length === 0) return {}
  try {
    const hidden = hiddenBeside(parseSdp(bytes), kinds)
    return hidden.length > 0 ? { hidden } : {}
  } catch {
    return {}
  }
}
