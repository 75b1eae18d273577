import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { startRedis } from '../../stack/redis.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { sdpFile } from '../support/calls.ts'
import { until } from '../state/contract.ts'

test('no key of a call leaves but in its SDP: not to Redis, other instances, log, decisions, metrics, API, analysis or webhook', async (t) => {
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
  const folder = await mkdtemp(join(tmpdir(), 'ngpilot-decisions-'))
  t.after(() => rm(folder, { recursive: true }))
  const recordFile = join(folder, 'decisions.jsonl')
  const start = () => startNgpilot(t, {
    env: {
      NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${rtpengine.port}`, NGPILOT_POLICY_DIRECTORY: 'policy', NGPILOT_LOG_LEVEL: 'trace',
      NGPILOT_STORE_URL: redis.url, NGPILOT_WEBHOOK_URL: `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`,
      NGPILOT_DECISIONS_LOG: 'full', NGPILOT_DECISIONS_RECORD_FILE: recordFile,
    },
  })
  const [ngpilot, other] = await Promise.all([start(), start()])
  const ask = async (method: string, path: string, body?: object) => (await fetch(`${ngpilot.url}${path}`, {
    method, ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })).text()

  const sdps: string[] = []
  const leaked: string[] = []
  /** What shows SDPs to a person, keys masked: ufrag and fingerprint, which are no secrets, may stand there. */
  const shown: string[] = []
  const heard = new Redis(redis.url)
  const client = new Redis(redis.url)
  t.after(() => {
    heard.disconnect()
    client.disconnect()
  })
  await heard.psubscribe('*')
  heard.on('pmessage', (_pattern, _channel, message: string) => shown.push(message))
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
    for (const path of ['', '/decisions']) leaked.push(await ask('GET', `/v1/calls/${callId}${path}`))
    shown.push(await ask('GET', `/v1/calls/${callId}/diagnosis`))
    leaked.push(await ask('POST', `/v1/calls/${callId}/query`), await ask('GET', '/v1/calls'))
  }
  const message = [
    'INVITE sip:bob@example.com SIP/2.0', 'Via: SIP/2.0/TLS 127.0.0.1:5062;branch=z9hG4bKsip', 'From: <sip:alice:uri-password@example.com>;tag=a',
    'To: <sip:bob@example.com>', 'Call-ID: sip-call', 'CSeq: 1 INVITE', 'Proxy-Authorization: Digest username="alice", response="header-password"',
    'Contact: <sip:alice@127.0.0.1:5062>', 'Max-Forwards: 70', 'Content-Type: application/sdp', `Content-Length: ${sdps[4]?.length ?? 0}`, '', sdps[4] ?? '',
  ].join('\r\n')
  const sent = await fetch(`${ngpilot.url}/v1/sip`, {
    method: 'POST', body: message,
    headers: { 'content-type': 'message/sip', 'ngpilot-source': 'sip:127.0.0.1:5062;transport=tls', 'ngpilot-destination': 'sip:127.0.0.1:5064;transport=ws' },
  })
  sdps.push(await sent.text())
  assert.equal(sent.status, 200)
  for (const path of ['', '/decisions']) leaked.push(await ask('GET', `/v1/calls/sip-call${path}`))
  shown.push(await ask('GET', '/v1/calls/sip-call/diagnosis'))
  const trace = await fetch(`${ngpilot.url}/v1/analyze`, { method: 'POST', body: message, headers: { 'content-type': 'text/plain' } })
  assert.equal(trace.status, 200)
  shown.push(await trace.text())
  await until(async () => (await fetch(`${other.url}/v1/calls/sdes-call/diagnosis`)).ok)
  await until(() => shown.some((text) => text.includes('"answer":"')))
  for (const key of await client.keys('*')) {
    const read = { hash: () => client.hgetall(key), list: () => client.lrange(key, 0, -1), zset: () => client.zrange(key, '0', '-1') }
    const type = await client.type(key)
    leaked.push(key, JSON.stringify(type in read ? await read[type as keyof typeof read]() : await client.get(key)))
  }
  await until(() => told.length > 0, 30_000)
  leaked.push(...told, await ask('GET', '/metrics'), ngpilot.logs(), other.logs(), await readFile(recordFile, 'utf8'))

  const secrets = [...secretsOf(sdps), ['password', 'uri-password'], ['password', 'header-password']] as const
  for (const kind of ['ice-pwd', 'ice-ufrag', 'fingerprint', 'crypto']) assert.ok(secrets.some(([name]) => name === kind), `there is ${kind} to look for`)
  const texts = { leaked: leaked.join('\n'), shown: shown.join('\n') }
  for (const callId of ['browser-call', 'sdes-call', 'sip-call']) {
    for (const text of Object.values(texts)) assert.ok(text.includes(callId))
  }
  for (const [name, secret] of secrets) {
    const isPublic = name === 'ice-ufrag' || name === 'fingerprint'
    const where = isPublic ? texts.leaked : texts.leaked + texts.shown
    assert.ok(!where.includes(secret), `${name} has leaked: ${around(where, secret)}`)
  }
  assert.match(texts.shown, /a=ice-pwd:\[masked\]/)
})

function around (text: string, part: string): string {
  const at = text.indexOf(part)
  return text.slice(Math.max(0, at - 200), at + 100)
}

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
