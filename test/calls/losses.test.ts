import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { CallEvent } from '../../src/calls/events.ts'
import { readCall } from '../../src/ingress/http/timeouts.ts'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { freePort } from '../../stack/ports.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { sdpFile } from '../support/calls.ts'
import { startNgCaller } from '../support/ng-caller.ts'
import { sharedContext } from '../support/shared.ts'
import { until } from '../state/contract.ts'

const shared = sharedContext()
const events: CallEvent[] = []
const webhook = createServer((request, reply) => {
  let text = ''
  request.on('data', (chunk: Buffer) => { text += chunk.toString() })
  request.on('end', () => {
    events.push(JSON.parse(text) as CallEvent)
    reply.end()
  })
})
webhook.listen(0, '127.0.0.1')
await once(webhook, 'listening')
shared.after(async () => {
  webhook.closeAllConnections()
  webhook.close()
  return Promise.resolve()
})

const policy = await mkdtemp(join(tmpdir(), 'ngpilot-policy-'))
shared.after(() => rm(policy, { recursive: true }))
await writeFile(join(policy, 'policy.yaml'), `
version: 1
rules: [{ name: the-client-knows, match: { vars: { trusted: yes } }, set: { client-flags: trust } }]
`)
const [httpPort, ngPort] = [await freePort(), await freePort()]
const callback = (format: number) => [`--b2b-url=http://%%:${httpPort}/v1/rtpengine/timeout`, `--xmlrpc-format=${format}`]
/** n0 to n2 end a call after 2 s without media and say so, each in another format; n3 says nothing. */
const nodes = await Promise.all([callback(0), callback(1), callback(2), []].map((args) => startRtpengine(shared, { args: ['--timeout=2', ...args] })))
const quiet = await startRtpengine(shared)
const ngpilot = await startNgpilot(shared, {
  env: {
    NGPILOT_HTTP_PORT: String(httpPort), NGPILOT_POLICY_DIRECTORY: policy, NGPILOT_NG_LISTEN: `127.0.0.1:${ngPort}`, NGPILOT_HTTP_TOKEN: 'a token of sixteen'.replaceAll(' ', '-'),
    NGPILOT_RTPENGINE_MEDIA_TIMEOUT_SECONDS: '2',
    NGPILOT_RTPENGINE_NODES: [...nodes, quiet].map(({ port }, index) => `n${index}=127.0.0.1:${port}`).join(','),
    NGPILOT_WEBHOOK_URL: `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`,
  },
})
const sdp = sdpFile('answer-plain-pcmu').toString()

suite('media timeout and lost nodes', () => {
  test('a call that its node ends for want of media is told of, once, whether the node says so or not', async () => {
    const made: Awaited<ReturnType<typeof makeCall>>[] = []
    for (let index = 0; index < 24; index++) made.push(await makeCall(`silent-${index}`))
    for (let index = 0; index < 4; index++) made.push(await makeTrusted(`trusted-${index}`))
    for (let index = 0; index < 4; index++) made.push(await makeForked(`rung-${index}`))
    // What a node does not end, ngpilot does where a fork was deleted.
    const [kept, timed] = [made.filter(isKept), made.filter((call) => !isKept(call))]
    assert.deepEqual([...new Set(timed.map(({ node }) => node))].sort().slice(0, 4), ['n0', 'n1', 'n2', 'n3'])
    await until(() => timed.every(({ callId }) => eventsOf(callId).length > 0), 40_000)
    for (const { callId, node } of timed) {
      const told = eventsOf(callId)
      assert.deepEqual(told.map((event) => ({ ...event, at: 0, tags: event.tags.slice(0, 2) })), [{ event: 'media-timeout', callId, node, tags: ['from', 'to'], at: 0 }])
    }
    for (const { callId } of kept) assert.deepEqual(eventsOf(callId), [])
    const { calls } = await ask('GET', '/v1/calls?stranded&limit=1000') as { calls: { callId: string, strandedBecause: string }[] }
    assert.equal(calls.length, timed.length)
    assert.match(calls[0]?.strandedBecause ?? '', /has ended the call: no media came/)
  })

  test('the calls of a node that is lost are told of, and may be ended', async () => {
    let lost: { callId: string, node: string }[] = []
    for (let index = 0; lost.length < 2; index++) {
      const call = await makeCall(`lost-${index}`)
      if (call.node === 'n4') lost = [...lost, call]
    }
    const published: string[] = []
    for (let index = 0; published.length === 0; index++) {
      const { node } = await ask('POST', `/v1/calls/published-${index}/publish`, { fromTag: 'from', sdp }) as { node: string }
      if (node === 'n4') published.push(`published-${index}`)
    }
    const forked: string[] = []
    for (let index = 0; forked.length === 0; index++) if (await fork(`forked-${index}`) === 'n4') forked.push(`forked-${index}`)
    process.kill(quiet.pid, 'SIGKILL')
    await until(() => forked.every((callId) => eventsOf(callId).length > 0), 30_000)
    // Kamailio finds a dialog by the first two.
    assert.deepEqual(forked.flatMap(eventsOf).map(({ tags }) => tags), [['from', 'won', 'lost']])
    await until(() => published.every((callId) => eventsOf(callId).length > 0), 30_000)
    await until(() => lost.every(({ callId }) => eventsOf(callId).length > 0), 30_000)
    const [event] = eventsOf(lost[0]?.callId ?? '')
    assert.ok(event?.event === 'stranded')
    assert.equal(event.canReanchor, false)
    assert.match(event.reason, /^rtpengine n4 is down: /)
  })

  test('a stranger who says that a call has timed out is not believed', async () => {
    const { callId } = await makeCall('alive')
    const body = `<methodCall><methodName>teardown</methodName><params><param><value><string>${callId}</string></value></param></params></methodCall>`
    const reply = await fetch(`${ngpilot.url}/v1/rtpengine/timeout`, { method: 'POST', headers: { 'content-type': 'text/xml' }, body })
    assert.equal(reply.status, 200)
    assert.deepEqual(eventsOf(callId), [])
  })
})

test('reads an XML-RPC call as each format has it, and no more', () => {
  assert.deepEqual(readCall('<?xml version="1.0"?><methodCall><methodName>di</methodName><params><param><value><string>sbc</string></value></param><param><value><string>postControlCmd</string></value></param><param><value><string>tag</string></value></param></params></methodCall>'), { method: 'di', texts: ['sbc', 'postControlCmd', 'tag'] })
  assert.deepEqual(readCall('<methodName>teardown</methodName><value>a&amp;b&lt;&#65;&bogus;</value>'), { method: 'teardown', texts: ['a&b<A&bogus;'] })
  assert.throws(() => readCall('<html>'), /no XML-RPC call/)
})

function isKept ({ callId, node }: { callId: string, node: string }): boolean {
  return node === 'n4' && !callId.startsWith('rung')
}

function eventsOf (callId: string): CallEvent[] {
  return events.filter((event) => event.callId === callId)
}

async function makeCall (callId: string): Promise<{ callId: string, node: string }> {
  const { node } = await ask('POST', '/v1/offer', { callId, fromTag: 'from', sdp }) as { node: string }
  await ask('POST', '/v1/answer', { callId, fromTag: 'from', toTag: 'to', sdp })
  return { callId, node }
}

/** One of a client that knows its flags itself, by NG; a fork shows its tag before the other picks up. */
async function makeTrusted (callId: string): Promise<{ callId: string, node: string }> {
  const client = await startNgCaller(shared, { port: ngPort })
  const about = { 'call-id': callId, 'from-tag': 'from', sdp }
  await client.ask({ ...about, 'rtpp-flags': 'trusted=yes', command: 'offer' })
  for (const tag of ['lost', 'to']) await client.ask({ ...about, 'to-tag': tag, command: 'answer' })
  const { node, legs } = await ask('GET', `/v1/calls/${callId}`) as { node: string, legs: { tag: string, profile?: string }[] }
  assert.deepEqual(legs, [{ tag: 'from' }, { tag: 'to' }, { tag: 'lost' }])
  return { callId, node }
}

/** A call to two, of whom one says nothing before the other picks up. */
async function makeForked (callId: string): Promise<{ callId: string, node: string }> {
  for (const branch of ['1', '2']) await say('INVITE sip:b@example.com SIP/2.0', { callId, branch, body: sdp })
  await say('SIP/2.0 200 OK', { callId, branch: '2', toTag: 'to', body: sdp })
  return { callId, node: (await ask('GET', `/v1/calls/${callId}`) as { node: string }).node }
}

/** A call to two, of whom one shows its tag and the other picks up. @returns its node */
async function fork (callId: string): Promise<string> {
  const invite = (branch: string) => say('INVITE sip:b@example.com SIP/2.0', { callId, branch, body: sdp })
  await invite('1')
  await invite('2')
  await say('SIP/2.0 183 Session Progress', { callId, branch: '1', toTag: 'lost', body: sdp })
  await say('SIP/2.0 200 OK', { callId, branch: '2', toTag: 'won', body: sdp })
  return (await ask('GET', `/v1/calls/${callId}`) as { node: string }).node
}

interface Said { callId: string, branch: string, toTag?: string, body: string }

async function say (startLine: string, { callId, branch, toTag, body }: Said): Promise<void> {
  const message = [
    startLine, 'Via: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1', 'From: <sip:a@example.com>;tag=from',
    `To: <sip:b@example.com>${toTag === undefined ? '' : `;tag=${toTag}`}`, `Call-ID: ${callId}`, 'CSeq: 1 INVITE',
    'Content-Type: application/sdp', `Content-Length: ${body.length}`, '', body,
  ].join('\r\n')
  const headers = { authorization: 'Bearer a-token-of-sixteen', 'content-type': 'message/sip', 'ngpilot-via-branch': branch }
  const reply = await fetch(`${ngpilot.url}/v1/sip`, { method: 'POST', headers, body: message })
  assert.equal(reply.status, 200, await reply.text())
}

async function ask (method: string, path: string, body?: object): Promise<unknown> {
  const reply = await fetch(`${ngpilot.url}${path}`, {
    method,
    headers: { authorization: 'Bearer a-token-of-sixteen', ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  assert.equal(reply.status, 200)
  return reply.json()
}
