/**
 * Where a call stands among all, from 0 up to 100: evenly spread, and always the same for a call-id. So the calls of a
 * smaller share are among those of a larger one, unless `salt` differs.
 */
export function shareOf (callId: string, salt = ''): number {
  // FNV-1a over the characters, then the finalizer of MurmurHash3, as FNV alone hardly spreads what ends alike.
  let hash = 0x811c9dc5
  for (const text of [salt, callId]) {
    for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b)
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35)
  return ((hash ^ hash >>> 16) >>> 0) / 2 ** 32 * 100
}
