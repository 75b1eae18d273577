import { NgpilotError, asNgpilotError } from '../errors.ts'
import { sendToFirst } from '../ng/failover.ts'
import { type RawCommand, bodyOf, rawLike } from '../ng/raw.ts'
import { hasEndedCall } from '../ng/reply.ts'
import type { MediaNode, NgDictionary, NgReply } from '../ng/types.ts'
import { decide } from '../policy/decide.ts'
import type { CallFacts } from '../policy/types.ts'
import { parseSdp } from '../sdp/parse.ts'
import type { Sdp } from '../sdp/sdp.ts'
import type { CallRecord } from '../state/store.ts'
import type { Answer } from './answer.ts'
import { accepted } from './bridge.ts'
import { openers } from './commands.ts'
import type { Weighed } from './decided.ts'
import type { CallDeps } from './deps.ts'
import { openingFacts } from './facts.ts'
import type { EndSome } from './end.ts'
import type { Leftovers } from './leftovers.ts'
import { locate } from './locate.ts'
import type { Offer } from './offer.ts'
import type { Outcome } from './outcome.ts'
import { liveBranches } from './place.ts'
import type { MediaRequest } from './request.ts'
import type { Hold } from './serial.ts'
import { outOfPorts } from './tell-lost.ts'

/** A command about one call from a client that speaks NG itself. */
export interface NgRequest {
  callId: string
  /** By the clock of `performance.now()`. */
  deadline: number
  /** The command as the client sent it, less the hints to the policy. */
  raw: RawCommand
  /** The same with the words of its flags string as keys; absent where it has no such string. */
  spelledOut?: () => RawCommand
  /** An offer or answer with all that it must have: what the policy may have a say in. */
  media?: MediaRequest & { sdp: Buffer }
  /** Of a delete: the branch that it names, for then the call may go on, and its further keys (`delete-delay`). */
  ending?: { viaBranch?: string, more: NgDictionary }
}

/** What became of it. `body`: the node's reply byte for byte; `reply`: what it says; else the ingress words the outcome. */
export interface Relayed { outcome: Partial<Outcome>, body?: Buffer, reply?: NgReply }

/** How long a delete waits for the counters in the node's reply. Then it is owed, and the client waits no longer. */
const deletePatienceMs = 150

/**
 * Does what an NG command asks for. Where the policy trusts the client's flags, and for all that no policy has a say in,
 * the command goes to the call's node as it came, and the node's reply back. How a call began decides for all of it: one
 * whose record has no legs was never looked into.
 */
export function createRelay (
  { policy, fleet, ng, store, deletes, tellLost }: CallDeps,
  { offer, answer, endSome, leftovers }:
  { offer: Offer, answer: Answer, endSome: EndSome, leftovers: Pick<Leftovers, 'branchDeleted'> },
) {
  return async function relay (request: NgRequest, call: CallRecord | undefined, hold: Hold): Promise<Relayed> {
    const { raw: { command }, media } = request
    if (command === 'delete') return passDelete(request, call, hold)
    const weighed = call || !media ? undefined : weigh(media, command)
    const isPassed = call ? isPassedOn(call) : weighed && accepted(weighed.decision).clientFlags === 'trust'
    if (media && !isPassed) {
      if (command === 'offer') {
        const { sdp } = weighed ?? {}
        const before = weighed && sdp && media.toTag === undefined ? { weighed: { ...weighed, sdp } } : {}
        return { outcome: await offer(media, call, hold, before) }
      }
      return { outcome: await answer({ ...media, toTag: media.toTag ?? '' }, call, hold) }
    }
    if ((command === 'offer' || openers.has(command)) && !call && media?.toTag === undefined) return passFirst(request, hold, weighed?.decision.nodes)
    const node = await nodeOf(request, call)
    if (command !== 'offer' && command !== 'answer') return relayedBy(node, await ng.send(node, commandFor(request, node), request))
    const sending = ng.send(node, commandFor(request, node), request).catch(async (error: unknown) => {
      if (command === 'offer' && asNgpilotError(error).code === 'ng_timeout') deletes.doubt(node, request.callId)
      if (call && hasEndedCall(error)) await tellLost(request.callId, call, 'node-lost', outOfPorts(node.id, command)).catch(() => undefined)
      throw error
    })
    const [reply] = await Promise.all([sending, remember(request, node, call)])
    return relayedBy(node, reply)
  }

  /** What a call that begins is decided to be, which says whether the client is trusted; undefined: no rule trusts any. */
  function weigh (media: MediaRequest & { sdp: Buffer }, command: string): Omit<Weighed, 'sdp'> & { sdp?: Sdp } | undefined {
    const inForce = policy(media.callId)
    if (!inForce.trustsClients) return undefined
    // What cannot be read says nothing to the policy; whether that matters is for whoever reads it next.
    const sdp = readable(media.sdp)
    const opening = openingFacts(inForce, media, undefined, sdp)
    const facts: CallFacts = command === 'offer' ? opening : { ...opening, command: 'answer' }
    return { policy: inForce, facts, decision: decide(inForce, facts), ...sdp && { sdp } }
  }

  async function passFirst (request: NgRequest, hold: Hold, set?: string): Promise<Relayed> {
    const { callId, deadline } = request
    const nodes = fleet.candidates(set)
    const [first] = nodes
    const onSent = (node: MediaNode) => deletes.forgive(node, callId)
    const onAbandoned = (node: MediaNode) => {
      deletes.doubt(node, callId)
      hold(deletes.owe(node, callId))
    }
    const saving = first ? remember(request, first) : Promise.resolve()
    try {
      const sending = sendToFirst(ng, nodes, (node) => commandFor(request, node), { deadline, onSent, onAbandoned })
      const [{ node, reply }] = await Promise.all([sending, saving])
      if (node !== first) await remember(request, node)
      return relayedBy(node, reply)
    } catch (error) {
      await saving.then(() => store.remove(callId)).catch(() => undefined)
      throw error
    }
  }

  /** A node that is not known to read a flags string would ignore it without a word. */
  function commandFor ({ raw, spelledOut }: NgRequest, { id }: MediaNode): RawCommand {
    return spelledOut && !fleet.capabilities(id).readsFlagsString ? spelledOut() : raw
  }

  async function passDelete (request: NgRequest, call: CallRecord | undefined, hold: Hold): Promise<Relayed> {
    const { callId, ending } = request
    const isOfBranch = ending?.viaBranch !== undefined
    if (!call || isPassedOn(call)) {
      const { reply, node } = await sendDelete(request, (of) => commandFor(request, of), call, isOfBranch ? undefined : hold)
      if (isOfBranch && call) {
        leftovers.branchDeleted(callId, node, ending.more)
        await store.save(callId, { isPruned: true })
      } else if (reply.warning === undefined) await store.remove(callId)
      return { ...relayedBy(node, reply), reply }
    }
    const live = liveBranches(call)
    const meant = isOfBranch ? live.filter(([key]) => key === ending.viaBranch) : live
    if (meant.length < live.length) return { outcome: await endSome(request, call, meant, hold) }
    // The tags at the node are ngpilot's to choose; the caller's stands for all of the call.
    const [[, branch] = []] = Object.entries(call.branches)
    const command = { ...ending?.more, 'call-id': callId, ...(branch && { 'from-tag': branch.caller }), command: 'delete' }
    const { reply, node } = await sendDelete(request, () => rawLike(request.raw, command), call, hold)
    await store.end(callId)
    return { ...relayedBy(node, reply), reply }
  }

  /** @param hold where the whole call is to end: then a silent node is owed it. */
  async function sendDelete (
    { callId, deadline }: NgRequest, command: (node: MediaNode) => RawCommand, call: CallRecord | undefined,
    hold: Hold | undefined,
  ): Promise<{ node: MediaNode, reply: NgReply }> {
    const node = await nodeOf({ callId, deadline }, call)
    const patience = Math.min(deadline, performance.now() + deletePatienceMs)
    try {
      return { node, reply: await ng.send(node, command(node), { deadline: patience, whenRefused: 'fail' }) }
    } catch (error) {
      const { code } = asNgpilotError(error)
      if (code !== 'ng_timeout' && code !== 'no_node') throw error
      hold?.(deletes.owe(node, callId))
      if (hold) await store.remove(callId)
      return { node, reply: { result: 'ok', warning: `node ${node.id} is silent; it is told as soon as it answers` } }
    }
  }

  async function remember ({ callId, raw, media }: NgRequest, node: MediaNode, call?: CallRecord): Promise<void> {
    const now = Date.now()
    const begins = call ? {} : { node: node.id, revision: policy(callId).revision, createdAt: now }
    const passedTags = media && tagsWith(call?.passedTags, media)
    await store.save(callId, { ...begins, ...passedTags && { passedTags }, event: { at: now, event: raw.command, detail: 'as it came' } })
  }

  /** The node that has the call. Where the store has no record of it, all are asked. */
  async function nodeOf ({ callId, deadline }: Pick<NgRequest, 'callId' | 'deadline'>, call: CallRecord | undefined): Promise<MediaNode> {
    if (call) return fleet.pinned(call.node)
    const [only, ...others] = fleet.reachable()
    const node = others.length > 0 ? (await locate({ fleet, ng }, callId, deadline))?.node : undefined
    // Where none knows it, any may say so, in rtpengine's own words.
    if (node ?? only) return (node ?? only) as MediaNode
    throw new NgpilotError('no_node', 'no rtpengine answers at present')
  }
}

/** The caller's first, then that of who spoke last: by these two Kamailio finds its dialog, whichever fork has won. */
function tagsWith (known: readonly string[] = [], { fromTag, toTag }: Pick<MediaRequest, 'fromTag' | 'toTag'>): string[] {
  const [caller = fromTag] = known
  return [...new Set([caller, ...toTag === undefined ? [] : [fromTag, toTag], ...known])].slice(0, 8)
}

/** Nobody has looked into this call: its commands pass as they come. */
function isPassedOn ({ legs }: CallRecord): boolean {
  return Object.keys(legs).length === 0
}

function relayedBy (node: MediaNode, reply: NgReply): Relayed {
  const body = bodyOf(reply)
  return { outcome: { node: node.id }, ...(body && { body }) }
}

function readable (sdp: Buffer): Sdp | undefined {
  try {
    return parseSdp(sdp)
  } catch {
    return undefined
  }
}
