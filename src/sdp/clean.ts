import { repair, rules, type RuleFacts } from './conformance.ts'
import { withOneConnection } from './connection.ts'
import type { Sdp } from './sdp.ts'

const leaks = rules.filter(({ isRepairedByDefault }) => isRepairedByDefault)

/**
 * The SDP as a SIP leg may see it: without the attributes that rtpengine leaves in when it turns WebRTC into plain RTP or
 * SDES, with one plain c=. a=crypto stays. m-lines keep their number and order.
 *
 * @param role An answer keeps a=rtcp-mux: it has one only where the SIP side offered it, and rtpengine counts on it.
 */
export function cleanForSip (sdp: Sdp, role: 'offer' | 'answer' = 'offer'): Sdp {
  const facts: RuleFacts = { direction: 'out', role, leg: { name: 'sip', kind: 'plain' } }
  return withOneConnection(repair(sdp, leaks, facts))
}
