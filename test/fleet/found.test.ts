import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { NodeView } from '../../src/fleet/node.ts'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { freePort } from '../../stack/ports.ts'
import { startRedis } from '../../stack/redis.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { makeSilent } from '../../stack/silent.ts'
import { sdpFile } from '../support/calls.ts'
import { startDnsServer } from '../support/dns-server.ts'
import { sharedContext } from '../support/shared.ts'

const context = sharedContext()
const httpPort = await freePort()
const engine = await startRtpengine(context, { args: [`--listen-http=127.0.0.1:${httpPort}`] })
const sdp = sdpFile('answer-plain-pcmu').toString()
const quiet = { NGPILOT_POLICY_DIRECTORY: 'policy', NGPILOT_LOG_LEVEL: 'warn' }

async function nodesOf (url: string): Promise<NodeView[]> {
  return ((await (await fetch(`${url}/v1/nodes`)).json()) as { nodes: NodeView[] }).nodes
}

async function eventually<T> (ask: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  const giveUpAt = performance.now() + 20_000
  for (;;) {
    const value = await ask()
    if (holds(value)) return value
    if (performance.now() > giveUpAt) assert.fail(`still: ${JSON.stringify(value)}`)
    await sleep(50)
  }
}

const ids = (nodes: NodeView[]) => nodes.map(({ id, state }) => `${id} ${state}`).join(', ')

async function ask (url: string, verb: string, body: object): Promise<{ status: number, node?: string }> {
  const headers = { 'content-type': 'application/json' }
  const reply = await fetch(`${url}/v1/${verb}`, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: reply.status, ...(await reply.json().catch(() => ({})) as { node?: string }) }
}

async function configFile (t: TestContext, text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'ngpilot-nodes-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'ngpilot.yaml')
  // Replaced in one go, as editors and orchestrators do.
  const write = async (next: string) => {
    await writeFile(`${file}.new`, next)
    await rename(`${file}.new`, file)
  }
  await write(text)
  return { file, write }
}

test('a node over WebSocket from the file; the list follows the file, and a broken file changes nothing', async (t) => {
  const list = (...nodes: string[]) => `rtpengine:\n  nodes: [${nodes.join(', ')}]\n`
  const web = `"web=ws://127.0.0.1:${httpPort}"`
  const { file, write } = await configFile(t, list(web))
  const { url, logs, stop } = await startNgpilot(t, { env: { ...quiet, NGPILOT_CONFIG: file } })
  const [node] = await eventually(() => nodesOf(url), ([first]) => first?.state === 'up' && first.version?.includes('or newer') === false)
  assert.equal(node?.address, `ws://127.0.0.1:${httpPort}`)
  assert.match(node.version ?? '', /^12\.5\.1\.\d+/)
  assert.equal((await ask(url, 'offer', { callId: 'ws-call', fromTag: 'f', sdp })).status, 200)
  const page = await (await fetch(`${url}/metrics`)).text()
  assert.match(page, /^ngpilot_ng_message_bytes_bucket\{le="1024",node="web",transport="ws"\} [1-9]/m)
  assert.match(page, /^ngpilot_node_info\{node="web",version="12\.5\.1\.\d+.*"\} 1$/m)

  await write(list(web, `{ id: long, address: "127.0.0.1:${engine.port}", stream: "http://127.0.0.1:${httpPort}", streamAboveBytes: 0 }`))
  await eventually(() => nodesOf(url), (nodes) => ids(nodes) === 'web up, long up')
  await write(list(web, 'nonsense'))
  await eventually(() => Promise.resolve(logs()), (text) => text.includes('configuration refused'))
  assert.match(logs(), /nodes\[1\]\.address .*found \\"nonsense\\"; must be HOST:PORT/)
  assert.equal(ids(await nodesOf(url)), 'web up, long up')
  await write(list(`long=127.0.0.1:${engine.port}`))
  // The call that it has keeps it, draining, until it ends.
  await eventually(() => nodesOf(url), (nodes) => ids(nodes) === 'long up, web draining')
  assert.equal((await ask(url, 'delete', { callId: 'ws-call' })).status, 204)
  await eventually(() => nodesOf(url), (nodes) => ids(nodes) === 'long up')

  // It stops, and has nobody to leave a delete to.
  assert.equal((await ask(url, 'offer', { callId: 'silent', fromTag: 'f', sdp })).node, 'long')
  await makeSilent(engine.pid)
  try {
    assert.equal((await ask(url, 'delete', { callId: 'silent' })).status, 204)
    await stop()
  } finally {
    process.kill(engine.pid, 'SIGCONT')
  }
  assert.match(logs(), /"count":1,"msg":"deletes given up: their nodes are silent/)
})

test('nodes by DNS and by a hash in Redis, beside each other; running calls stay where they are', async (t) => {
  const redis = await startRedis(t)
  const other = await startRtpengine(t)
  const dns = await startDnsServer(t, { 'rtp.test': { a: ['127.0.0.1'] } })
  const { url, logs } = await startNgpilot(t, {
    env: {
      ...quiet, NGPILOT_STORE_URL: redis.url, NGPILOT_DISCOVERY_EVERY_SECONDS: '1', NGPILOT_DISCOVERY_REDIS_KEY: 'fleet',
      NGPILOT_DISCOVERY_DNS: `rtp.test:${engine.port}`, NGPILOT_DISCOVERY_DNS_SERVERS: dns.address,
    },
  })
  const byDns = `127.0.0.1:${engine.port}`
  await eventually(() => nodesOf(url), (nodes) => ids(nodes) === `${byDns} up`)
  assert.match(logs(), /"source":"Redis fleet","problem":"the hash is empty or not there"/)
  assert.equal((await ask(url, 'offer', { callId: 'pinned', fromTag: 'f', sdp })).node, byDns)

  const client = new Redis(redis.url, { retryStrategy: () => null })
  t.after(() => client.disconnect())
  await client.hset('fleet', 'n2', `127.0.0.1:${other.port}`)
  await eventually(() => nodesOf(url), (nodes) => ids(nodes) === `${byDns} up, n2 up`)

  // The name leads elsewhere: no new call goes to the old address, and the running one goes on there.
  dns.zone.set('rtp.test', { a: ['127.0.0.9'] })
  await eventually(() => nodesOf(url), (nodes) => nodes.some(({ id, state }) => id === byDns && state === 'draining'))
  assert.equal((await ask(url, 'offer', { callId: 'new', fromTag: 'f', sdp })).node, 'n2')
  assert.equal((await ask(url, 'answer', { callId: 'pinned', fromTag: 'f', toTag: 't', sdp })).node, byDns)

  // Neither source has an answer: nothing changes.
  dns.mood = 'silent'
  await client.del('fleet')
  await eventually(() => Promise.resolve(logs()), (text) => text.includes('ETIMEOUT') && text.split('the hash is empty').length > 2)
  assert.match(ids(await nodesOf(url)), /^127\.0\.0\.9:\d+ \w+, n2 up, /)
  await ask(url, 'delete', { callId: 'pinned' })
  await eventually(() => nodesOf(url), (nodes) => !nodes.some(({ id }) => id === byDns))
})
