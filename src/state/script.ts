import { createHash } from 'node:crypto'
import type { RedisClient } from './client.ts'

export interface Script { lua: string, sha: string }

export function scriptOf (lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') }
}

/** Runs a script by its hash; Redis gets the text only when it does not know it. */
export async function evaluate (
  redis: RedisClient, script: Script, keys: string[], args: (string | number)[] = [],
): Promise<unknown> {
  const { lua, sha } = script
  try {
    return await redis.evalsha(sha, keys.length, ...keys, ...args)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return redis.eval(lua, keys.length, ...keys, ...args)
  }
}
