import { randomBytes } from 'node:crypto'

/**
 * A source of cookies `INSTANCE-RANDOM-COUNTER`, all of `[A-Za-z0-9_-]`, some 30 bytes. rtpengine answers a cookie that it
 * has seen in the last minute from its cache, whoever sent it and whatever the message says. So a cookie never comes
 * twice: not in one process (counter), not after its restart (random), not from another instance (both).
 *
 * @param instanceId for people reading a trace; its last 16 characters are used.
 */
export function createCookies (instanceId: string): () => string {
  const instance = instanceId.replace(/[^A-Za-z0-9_-]/g, '-').slice(-16)
  const prefix = `${instance}-${randomBytes(6).toString('base64url')}-`
  let counter = 0
  return () => prefix + (counter++).toString(36)
}
