import { createHash } from 'node:crypto'
import type { BranchRecord, InviteRecord } from '../state/store.ts'
import type { End } from './exchange.ts'
import type { MediaRequest, SipFacts } from './request.ts'

/** What is remembered of the INVITE that opens a branch: by it a CANCEL, a failure and the same INVITE again are known. */
export function inviteOf ({ sip, toTag }: MediaRequest, by: End): InviteRecord | undefined {
  if (sip?.method !== 'INVITE' || sip.status !== undefined || toTag !== undefined || by !== 'caller') return undefined
  return { cseq: sip.cseq, transaction: transactionOf(sip) }
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
  return createHash('sha256').update(branch).digest('base64url').slice(0, 8)
}
