import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { startRedis } from '../../stack/redis.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { sdpFile } from '../support/calls.ts'
import { until } from '../state/contract.ts'

test('no key of a call leaves but in its SDP: not to Redis, log, metrics, API or webhook', async (t) => {
  const told: string[] = []
  const webhook = createServer((request, reply) => {
    request.on('data', (chunk: Buffer) => told.push(chunk.toString()))
    request.on('end', () => reply.end())
  })
  webhook.listen(0, '127.0.0.1')
  await once(webhook, 'listening')
  t.after(() => {
    webhook.closeAllConnections()
    webhook.close()
  })
  const [rtpengine, redis] = [await startRtpengine(t, { args: ['--timeout=2'] }), await startRedis(t)]
  const ngpilot = await startNgpilot(t, {
    env: {
      NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${rtpengine.port}`, NGPILOT_POLICY_DIRECTORY: 'policy', NGPILOT_LOG_LEVEL: 'trace',
      NGPILOT_STORE_URL: redis.url, NGPILOT_WEBHOOK_URL: `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`,
    },
  })
  const ask = async (method: string, path: string, body?: object) => (await fetch(`${ngpilot.url}${path}`, {
    method, ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })).text()

  const sdps: string[] = []
  const leaked: string[] = []
  // A browser to a phone, and phones with SDES; then what no node takes, for errors must not quote it either.
  for (const [callId, source, destination, offer, answer] of [
    ['browser-call', 'wss', 'udp', 'chromium-audio-gathered-loopback', 'answer-plain-pcmu'],
    ['sdes-call', 'tls', 'wss', 'yealink-like-sdes-offer', 'chromium-audio-answer'],
  ] as const) {
    const [offered, answered] = [sdpFile(offer).toString(), sdpFile(answer).toString()]
    const legs = { callId, fromTag: 'from', source: { transport: source }, destination: { transport: destination } }
    const replies = [
      await ask('POST', '/v1/offer', { ...legs, sdp: offered }),
      await ask('POST', '/v1/answer', { ...legs, toTag: 'to', source: legs.destination, destination: legs.source, sdp: answered }),
    ]
    sdps.push(offered, answered, ...replies.map((reply) => (JSON.parse(reply) as { sdp?: string }).sdp ?? ''))
    leaked.push(await ask('POST', '/v1/offer', { ...legs, callId: `${callId}-bad`, sdp: offered.replace(/^m=/gm, 'm=bogus') }))
    for (const path of [`/v1/calls/${callId}`, '/v1/calls']) leaked.push(await ask('GET', path))
    leaked.push(await ask('POST', `/v1/calls/${callId}/query`))
  }
  const client = new Redis(redis.url)
  t.after(() => client.disconnect())
  for (const key of await client.keys('*')) {
    const read = { hash: () => client.hgetall(key), list: () => client.lrange(key, 0, -1), zset: () => client.zrange(key, '0', '-1') }
    const type = await client.type(key)
    leaked.push(key, JSON.stringify(type in read ? await read[type as keyof typeof read]() : await client.get(key)))
  }
  await until(() => told.length > 0, 30_000)
  leaked.push(...told, await ask('GET', '/metrics'), ngpilot.logs())

  const secrets = secretsOf(sdps)
  for (const kind of ['ice-pwd', 'ice-ufrag', 'fingerprint', 'crypto']) assert.ok(secrets.some(([name]) => name === kind), `there is ${kind} to look for`)
  const all = leaked.join('\n')
  assert.match(all, /browser-call/)
  for (const [name, secret] of secrets) assert.ok(!all.includes(secret), `${name} has leaked`)
})

/** Keys, passwords and fingerprints of SDPs (RFC 4568, 8839, 8122). Short user fragments would be found anywhere. */
function secretsOf (sdps: string[]): [string, string][] {
  const found = new Map<string, string>()
  for (const sdp of sdps) {
    for (const [, name = '', value = ''] of sdp.matchAll(/^a=(ice-pwd|ice-ufrag|fingerprint|crypto):(.*?)\r?$/gm)) {
      const secret = name === 'crypto' ? /inline:([^|\s]+)/.exec(value)?.[1] : name === 'fingerprint' ? value.split(' ')[1] : value
      if (secret !== undefined && secret.length >= 4) found.set(secret, name)
    }
  }
  return [...found].map(([secret, name]) => [name, secret])
}
