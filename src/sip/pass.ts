/** The highest number of a pass. */
export const lastPass = 15

/**
 * The call that a message belongs to. One that comes through the proxy again in the same dialog, by way of another proxy
 * that sent it back (a spiral, RFC 3261 §6), has the Call-ID and tags of the pass before, and needs media of its own: it is
 * another call. No Call-ID holds a semicolon.
 *
 * @param pass 0 or none the first time
 */
export function callIdAt (callId: string, pass = 0): string {
  return pass === 0 ? callId : `${callId};pass=${pass}`
}
