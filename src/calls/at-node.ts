import type { NgDictionary, NgReply, NgValue } from '../ng/types.ts'
import { type OwnBranch, ownLabel, readOwnBranch } from './own-branch.ts'

/**
 * A leg as a node shows it. `tag`: empty until its party has shown it; `peers`: tags of those that it hears or that hear it;
 * `kinds`: of its m-lines (`audio`); `branch`: where it bears our mark.
 */
export interface LegAtNode { tag: string, createdAt: number, peers: string[], kinds: string[], branch?: OwnBranch }

/** The legs of a call, from the reply to a `query`. */
export function legsAtNode ({ tags }: NgReply): LegAtNode[] {
  return Object.values(dictionary(tags)).map((value) => {
    const { tag, created, subscriptions, subscribers, medias, 'via-branch': viaBranch } = dictionary(value)
    const branch = readOwnBranch(viaBranch)
    const peers = [subscriptions, subscribers].flatMap((list) => Array.isArray(list) ? list : [])
      .map((peer) => textOf(dictionary(peer).tag))
      .filter((each) => each !== '')
    const kinds = (Array.isArray(medias) ? medias : []).map((media) => textOf(dictionary(media).type))
    return { tag: textOf(tag), createdAt: Number(created ?? 0) * 1000, peers, kinds, ...branch && { branch } }
  })
}

/** Whether ngpilot made the call: others may use the same node. */
export function isOurs (reply: NgReply): boolean {
  return legsAtNode(reply).some(({ branch }) => branch !== undefined)
    || Object.values(dictionary(reply.tags)).some((leg) => dictionary(leg).label === ownLabel)
}

function textOf (value: NgValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

export function dictionary (value: NgValue | undefined): NgDictionary {
  return typeof value === 'object' && !Array.isArray(value) && !Buffer.isBuffer(value) ? value : {}
}
