import { createHash } from 'node:crypto'
import type { BranchRecord, InviteRecord } from '../state/store.ts'
import type { End } from './exchange.ts'
import type { MediaRequest, SipFacts } from './request.ts'

/** What is remembered of the INVITE that opens a branch: by it a CANCEL, a failure and the same INVITE again are known. */
export function inviteOf (request: MediaRequest, by: End): InviteRecord | undefined {
  const { sip, toTag } = request
  if (sip?.method !== 'INVITE' || sip.status !== undefined || toTag !== undefined || by !== 'caller') return undefined
  const hop = hopOf(request)
  return { cseq: sip.cseq, transaction: transactionOf(sip), ...hop !== undefined && { hop } }
}

/** Whether an INVITE goes elsewhere than the one that came before: the next fork, by a proxy that names no via-branch. */
export function goesElsewhere (request: MediaRequest, { hop }: InviteRecord): boolean {
  const own = hopOf(request)
  return own !== undefined && hop !== undefined && own !== hop
}

/** Whether a request belongs to the transaction of the INVITE that opened a branch, as its CANCEL does. */
export function isOf ({ invite }: BranchRecord, sip: SipFacts): boolean {
  return invite !== undefined && invite.cseq === sip.cseq && invite.transaction === transactionOf(sip)
}

/**
 * Whether a reply has the late offer of its INVITE once more: in the 200 after a 183 with it, when that has been answered or
 * other exchanges have followed. The latest of them stands.
 */
export function isLateAgain ({ sip }: MediaRequest, branch: BranchRecord | undefined): boolean {
  const { invite, exchange } = branch ?? {}
  if (sip?.status === undefined || !invite?.isLate || invite.cseq !== sip.cseq || !exchange) return false
  return exchange.cseq !== sip.cseq || exchange.state === 'answered'
}

/** Eight characters that stand for the branch of the top Via: strangers choose its length. */
function transactionOf ({ branch = '' }: SipFacts): string {
  return shortFor(branch, 8)
}

function hopOf ({ viaBranch, destination }: MediaRequest): string | undefined {
  if (viaBranch !== undefined || !destination) return undefined
  const { transport, address, port, uri } = destination
  return shortFor(JSON.stringify([transport, address, port, uri]), 4)
}

function shortFor (text: string, length: number): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, length)
}
