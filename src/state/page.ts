import type { RedisClient } from './client.ts'
import { callIdOf, indexKey } from './keys.ts'
import { lostOf } from './values.ts'
import type { CallPage, PageOptions } from './store.ts'

/** Beyond a page so many more are asked for, because some that expire in the same millisecond are on the page before. */
const more = 100

/** A page of the index: by expiry, and by id where several expire in the same millisecond. `after` is `SCORE ID`. */
export async function redisPage (redis: RedisClient, { after, limit }: PageOptions): Promise<CallPage> {
  const [score = '-inf', lastId = ''] = (after ?? '-inf').split(' ', 2)
  const entries: { id: string, score: string }[] = []
  for (let offset = 0; entries.length <= limit; offset += limit + more) {
    const found = await redis.zrange(indexKey, score, '+inf', 'BYSCORE', 'LIMIT', offset, limit + more, 'WITHSCORES')
    for (let i = 0; i + 1 < found.length; i += 2) {
      const entry = { id: found[i] ?? '', score: found[i + 1] ?? '' }
      if (entry.score !== score || entry.id > lastId) entries.push(entry)
    }
    if (found.length < 2 * (limit + more)) break
  }
  const shown = entries.slice(0, limit)
  const fields = await Promise.all(shown.map(({ id }) => redis.hmget(`ngpilot:{${id}}:call`, 'node', 'lost', 'id', 'pruned')))
  const calls = shown.flatMap(({ id }, index) => {
    const [node, lostText, text, pruned] = fields[index] ?? []
    const callId = callIdOf(id) ?? (typeof text === 'string' ? JSON.parse(text) as string : undefined)
    const lost = lostOf(lostText)
    if (typeof node !== 'string' || callId === undefined) return []
    return [{ callId, node, ...(lost && { lost }), ...(pruned === '1' && { isPruned: true as const }) }]
  })
  const last = shown.at(-1)
  return { calls, ...(last && entries.length > limit && { next: `${last.score} ${last.id}` }) }
}
