import { mergeNg } from '../policy/merge.ts'
import type { Decision } from '../policy/types.ts'
import type { NgDictionary } from '../ng/types.ts'
import type { MediaRequest } from './request.ts'

/** What an NG client says of the SIP message itself: true whatever the policy thinks of its flags. */
const facts = ['received-from', 'sip-message-type', 'sip-code']

/**
 * The NG keys for a message that the policy decides on. `merge`: the client's own fill what the policy leaves open, and
 * lists are joined. `ignore`: they do not count. (With `trust` the command passes as it came; see `relay.ts`.)
 */
export function flagsOf ({ flags, clientFlags }: Decision, { ng }: Pick<MediaRequest, 'ng'>): NgDictionary {
  if (!ng) return flags
  if (clientFlags !== 'ignore') return mergeNg(ng, flags)
  return { ...Object.fromEntries(facts.flatMap((key) => ng[key] === undefined ? [] : [[key, ng[key]]])), ...flags }
}
