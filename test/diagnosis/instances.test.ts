import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CallExplanation } from '../../src/diagnosis/explanation.ts'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { startRedis } from '../../stack/redis.ts'
import { mediaCall, startMediaSite } from '../support/media-call.ts'

test('a call is explained by any instance of the same Redis, also one that each has served a part of', async (t) => {
  const redis = await startRedis(t)
  const env = { NGPILOT_STORE_URL: redis.url }
  const site = await startMediaSite(t, { env })
  const { address, port } = site.rtpengine
  const other = await startNgpilot(t, {
    env: { ...env, NGPILOT_RTPENGINE_NODES: `n1=${address}:${port}`, NGPILOT_POLICY_DIRECTORY: 'policy' },
  })
  const explainedByOther = (callId: string) => fetch(`${other.url}/v1/calls/${callId}/diagnosis`)
  /** Until both listen, an instance has nobody to ask. */
  const explained = async (callId: string, isWhole: (call: CallExplanation) => boolean = () => true) => {
    for (let tries = 0; tries < 100; tries++) {
      const reply = await explainedByOther(callId)
      const call = await reply.json() as CallExplanation
      if (reply.ok && isWhole(call)) return call
    }
    throw new Error(`the other instance does not explain ${callId}`)
  }

  await mediaCall(t, site, { callId: 'one', isSrtp: true })
  const live = await explained('one', ({ media }) => (media[0]?.received?.packets ?? 0) > 0)
  assert.deepEqual(live.exchanges.map(({ command }) => command), ['offer', 'answer'])
  assert.equal(live.state, 'up')
  assert.doesNotMatch(JSON.stringify(live), /inline:[A-Za-z0-9+/]{20}/)

  // The other one has ended it: this one has the SDPs, that one the end.
  const moved = await mediaCall(t, { ...site, post: async (path, body) => {
    const to = path === '/v1/answer' ? other.url : site.ngpilot.url
    const reply = await fetch(`${to}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    const text = await reply.text()
    assert.ok(reply.ok, text)
    return text === '' ? '' : (JSON.parse(text) as { sdp: string }).sdp
  } }, { callId: 'split' })
  const split = await explained('split', ({ exchanges }) => exchanges.length === 2)
  assert.deepEqual(split.legs.map(({ role, tag }) => [role, tag]), [['caller', 'split-a'], ['callee', 'split-b']])
  assert.ok(split.answeredAt !== undefined && split.answeredAt >= split.startedAt)
  await moved.end()
  assert.equal((await explained('split', ({ state }) => state === 'ended')).exchanges.length, 2)

  const unknown = await explainedByOther('nobody')
  assert.equal(unknown.status, 404)
  assert.match(await unknown.text(), /no instance that answers has a history of the call/)
})
