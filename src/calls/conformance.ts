import { NgpilotError } from '../errors.ts'
import type { Finding } from '../finding.ts'
import { type Action, actionFor } from '../policy/conformance.ts'
import { legOf } from '../policy/leg.ts'
import type { Decision, Profile } from '../policy/types.ts'
import { check, repair, type Rule, type RuleFacts, ruleOf } from '../sdp/conformance.ts'
import { endingsOf, parseSdp, sdpBytes } from '../sdp/parse.ts'
import { scopeOf } from '../sdp/scope.ts'
import type { Sdp } from '../sdp/sdp.ts'
import { type SdpView, viewOf } from '../sdp/view.ts'
import type { CallRecord, CallStore, ExchangeRecord } from '../state/store.ts'
import { latestSdps, type RecentMessage, RecentSdps } from './recent-sdps.ts'
import type { MediaRequest, Peer } from './request.ts'

/** One finding in the SDP of a call and what became of it. `profile`: of the leg that it was found on. */
export interface FoundInCall { callId: string, profile: string, direction: 'in' | 'out', finding: Finding, action: Action }

/** A message with SDP on its way through: checked as it came, and again as it leaves. */
export interface Passage {
  /** @throws NgpilotError `not_acceptable` where the sender's profile has a finding rejected */
  came (sdp: Sdp): void
  /** @returns the SDP with what the receiver's profile has repaired. @throws NgpilotError `not_acceptable` as above */
  leaves (sdp: Sdp): { sdp: Sdp, bytes: Buffer }
  /** The ids of the errors and warnings that were found and not repaired, once each. */
  findings (): string[]
  /** What was found in the SDP that came. */
  incoming (): Finding[]
  /** What was found in the SDP that leaves, what was repaired left out. */
  outgoing (): Finding[]
  /** The ids of what was repaired in it. */
  repaired (): string[]
}

/** Of an SDP that has been checked before, and goes to nobody now. */
export const unchecked: Passage = {
  came: () => undefined,
  leaves: (sdp) => ({ sdp, bytes: sdpBytes(sdp) }),
  findings: () => [],
  incoming: () => [],
  outgoing: () => [],
  repaired: () => [],
}

/**
 * Checks every SDP against the profile of its leg, and where this process still has them against the offer that it answers,
 * the one before it and that of the other leg.
 */
export function createConformance (observer: { found (found: FoundInCall): void }) {
  const recent = new RecentSdps()

  function pass (
    role: 'offer' | 'answer', request: MediaRequest & { sdp: Buffer }, decision: Decision,
    { call, branch, exchange }: { call: CallRecord | undefined, branch: string, exchange?: ExchangeRecord | undefined },
  ): Passage {
    const { callId, fromTag, toTag = '', source, destination } = request
    const key = keyOf(callId, branch)
    const latest = recent.get(key)
    const answered = role === 'answer' && latest?.offerer === fromTag ? latest : undefined
    const before = role === 'offer' ? recent.before(key, exchange) : latestSdps(latest?.before)
    const isTranscoding = role === 'offer' ? asksTranscoding(decision) : answered?.offer?.isTranscoding
    const isAgain = call?.isEstablished === true || (role === 'offer' && request.toTag !== undefined)
    const findings = new Set<string>()
    const arrived: Finding[] = []
    const outgoing: Finding[] = []
    const repaired: string[] = []
    let incoming: SdpView | undefined

    /** Tells each finding. @returns the rules whose repair is wanted. */
    function judge (found: Finding[], direction: 'in' | 'out', profile: Profile): Rule[] {
      const repairs: Rule[] = []
      let rejected: Finding | undefined
      for (const finding of found) {
        const rule = ruleOf.get(finding.id)
        const wanted = actionFor(profile, finding.id, finding.severity)
        // What came in goes to the node, which writes its own.
        const action = wanted === 'repair' && (direction === 'in' || !rule?.repair) ? 'observe' : wanted
        if (action === 'repair' && rule) {
          repairs.push(rule)
          repaired.push(rule.id)
        } else {
          if (finding.severity !== 'note') findings.add(finding.id)
          const judged = direction === 'out' ? outgoing : arrived
          judged.push(finding)
        }
        if (action === 'reject') rejected ??= finding
        observer.found({ callId, profile: profile.name, direction, finding, action })
      }
      if (rejected) throw refusal(rejected, profile)
      return repairs
    }

    return {
      came (sdp) {
        incoming = viewOf(sdp, endingsOf(request.sdp.toString('latin1')))
        const facts = { role, isAgain, direction: 'in', leg: legOf(decision.sender), ...transportOf(source) } as const
        const others = { offer: answered?.offer?.out, previous: before.get(`in ${role === 'offer' ? fromTag : toTag}`) }
        judge(check(incoming, withOthers(facts, others)), 'in', decision.sender)
      },
      leaves (sdp) {
        const facts = withOthers({
          role, isAgain, direction: 'out', leg: legOf(decision.receiver), ...transportOf(destination),
          isPublic: destination?.address !== undefined && scopeOf(destination.address) === 'public',
          ...isTranscoding !== undefined && { isTranscoding },
          ...incoming && { across: incoming },
        }, {
          offer: answered?.offer?.request.sdp,
          previous: before.get(`out ${role === 'offer' ? toTag : fromTag}`),
          previousOfPeer: role === 'answer' ? before.get(`in ${fromTag}`) : undefined,
          otherAnswer: [...answered?.answers ?? []].find(([tag]) => tag !== toTag)?.[1].out,
        })
        const repairs = judge(check(viewOf(sdp), facts), 'out', decision.receiver)
        const repaired = repairs.length > 0 ? repair(sdp, repairs, facts) : sdp
        const out = sdpBytes(repaired)
        if (role === 'answer') recent.answered(key, exchange, toTag, { request, out })
        else recent.offered(key, exchange, { request, out, isTranscoding: isTranscoding === true })
        return { sdp: repaired, bytes: out }
      },
      findings: () => [...findings],
      incoming: () => arrived,
      outgoing: () => outgoing,
      repaired: () => repaired,
    }
  }

  return {
    pass,
    /** A message of an exchange of before, where this process has it still: the offer, or the answer of that tag. */
    sent ({ callId, branch, exchange, answerer }: Exchanged, role: 'offer' | 'answer'): RecentMessage['request'] | undefined {
      const found = recent.find(keyOf(callId, branch), exchange)
      return (role === 'offer' ? found?.offer : found?.answers.get(answerer))?.request
    },
    /** The call has ended. */
    forget (callId: string, branches: readonly string[]) {
      for (const branch of branches) recent.forget(keyOf(callId, branch))
    },
  }
}

/** One exchange of a branch, by its name, and the tag of the party that answered. */
interface Exchanged { callId: string, branch: string, exchange: string, answerer: string }

function keyOf (callId: string, branch: string): string {
  return `${branch} ${callId}`
}

export type ConformanceCheck = ReturnType<typeof createConformance>

/** What a passage found, for the outcome; the call's timeline gets it too. */
export async function noted (store: Pick<CallStore, 'save'>, callId: string, passage: Passage): Promise<{ findings?: string[] }> {
  const findings = passage.findings()
  if (findings.length === 0) return {}
  await store.save(callId, { event: { at: Date.now(), event: 'findings', detail: findings.join(' ') } })
  return { findings }
}

type Others = Partial<Record<'offer' | 'previous' | 'previousOfPeer' | 'otherAnswer', Buffer | undefined>>

/** The facts with the other SDPs, each read when the first rule asks for it: most do not. */
function withOthers (facts: RuleFacts, others: Others): RuleFacts {
  for (const [name, sdp] of Object.entries(others)) {
    if (!sdp) continue
    let view: SdpView | undefined
    Object.defineProperty(facts, name, { enumerable: true, get: () => view ??= viewOf(parseSdp(sdp)) })
  }
  return facts
}

function transportOf (peer: Peer | undefined): Pick<RuleFacts, 'transport'> {
  return peer?.transport === undefined ? {} : { transport: peer.transport }
}

/** Whether the flags make the node transcode or at least repacketise, so that the legs may well differ. */
function asksTranscoding ({ flags }: Decision): boolean {
  const { codec } = flags
  const asks = typeof codec === 'object' && !Array.isArray(codec) && !Buffer.isBuffer(codec) && ('transcode' in codec || 'consume' in codec)
  return asks || 'ptime' in flags || 'ptime-reverse' in flags
}

function refusal ({ id, title, detail, fix }: Finding, { name }: Profile): NgpilotError {
  const what = detail === undefined ? title : `${title} (${detail})`
  return new NgpilotError('not_acceptable', `${id}: ${what}; profile ${name} rejects it. What mends it: ${fix}`, { sip: `488 Not Acceptable: ${id}` })
}
