import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startNgpilot } from '../../stack/ngpilot.ts'
import { startRtpengine } from '../../stack/rtpengine.ts'
import { sharedContext } from '../support/shared.ts'
import { until } from '../state/contract.ts'

const policy = `version: 1
profiles:
  phone: { extends: sip, codecs: [PCMU] }
endpoints:
  - { profile: phone }
rules:
  - name: move
    match: { callee: phone, vars: { move: 'yes' } }
    set: { on-node-loss: re-anchor }
`
const shared = sharedContext()
const folder = await mkdtemp(join(tmpdir(), 'ngpilot-policy-'))
shared.after(() => rm(folder, { recursive: true }))
await writeFile(join(folder, 'policy.yaml'), policy)

for (const offerer of ['caller', 'callee'] as const) {
  test(`node lost: the next offer, of the ${offerer}, builds the call on another node, and media flow both ways`, async (t) => {
    const site = await startSite(t)
    const [caller, callee] = [await startPhone(t), await startPhone(t)]
    const first = await exchange(site, { caller, callee })
    await hears(caller, callee, first)
    process.kill(site.nodes[first.node]?.pid ?? 0, 'SIGKILL')
    await until(async () => (await site.ask('GET', '/v1/calls?stranded')).calls?.length === 1, 30_000)

    const [from, to] = offerer === 'caller' ? [caller, callee] : [callee, caller]
    const tags = offerer === 'caller' ? { fromTag: 'from', toTag: 'to' } : { fromTag: 'to', toTag: 'from' }
    const moved = await exchange(site, { caller: from, callee: to, isAgain: true, ...tags })
    assert.notEqual(moved.node, first.node)
    await hears(from, to, moved)
    // The phones offered the same SDP again, of the same version; they get a newer one all the same.
    const versions = (of: Exchange) => [of.offered, of.answered].map((sdp) => Number(/^o=\S+ \S+ (\d+)/.exec(sdp.slice(sdp.indexOf('o=')))?.[1]))
    assert.deepEqual(versions(moved), versions(first).map((version) => version + 1))
    const call = await site.ask('GET', '/v1/calls/moving')
    assert.equal(call.isStranded, false)
    assert.ok(call.timeline?.some(({ event, detail }) => event === 're-anchored' && detail === `${first.node} → ${moved.node}`))
    await site.ask('DELETE', '/v1/calls/moving')
  })
}

test('without the policy for it the call stays with its node, and the offer fails', async (t) => {
  const site = await startSite(t)
  const [caller, callee] = [await startPhone(t), await startPhone(t)]
  const { node } = await exchange(site, { caller, callee, vars: {} })
  process.kill(site.nodes[node]?.pid ?? 0, 'SIGKILL')
  const { code } = await site.ask('POST', '/v1/offer', { callId: 'moving', fromTag: 'from', toTag: 'to', sdp: caller.sdp, vars: {} })
  assert.match(code ?? '', /^(ng_timeout|no_node)$/)
})

interface Reply {
  sdp?: string
  node?: string
  code?: string
  isStranded?: boolean
  calls?: unknown[]
  timeline?: { event: string, detail?: string }[]
}
type Site = Awaited<ReturnType<typeof startSite>>
type Phone = Awaited<ReturnType<typeof startPhone>>
interface Exchange { node: string, offered: string, answered: string }

async function startSite (t: TestContext) {
  const nodes = { n1: await startRtpengine(t), n2: await startRtpengine(t) }
  const ngpilot = await startNgpilot(t, {
    env: { NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${nodes.n1.port},n2=127.0.0.1:${nodes.n2.port}`, NGPILOT_POLICY_DIRECTORY: folder },
  })
  const ask = async (method: string, path: string, body?: object): Promise<Reply> => {
    const reply = await fetch(`${ngpilot.url}${path}`, {
      method, ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    return reply.status === 204 ? {} : await reply.json() as Reply
  }
  return { nodes: nodes as Record<string, typeof nodes.n1>, ask }
}

/** A socket for RTP, with the SDP that says where it is. */
async function startPhone (t: TestContext) {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => { socket.close() })
  const { port } = socket.address()
  const sdp = `v=0\r\no=phone ${port} 7 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n`
  return { socket, sdp }
}

interface Ends { caller: Phone, callee: Phone, isAgain?: boolean, fromTag?: string, toTag?: string, vars?: object }

async function exchange (site: Site, options: Ends): Promise<Exchange> {
  const { caller, callee, isAgain = false, fromTag = 'from', toTag = 'to', vars = { move: 'yes' } } = options
  const common = { callId: 'moving', fromTag, vars }
  const offered = await site.ask('POST', '/v1/offer', { ...common, sdp: caller.sdp, ...(isAgain && { toTag }) })
  assert.ok(offered.sdp, offered.code)
  const answered = await site.ask('POST', '/v1/answer', { ...common, sdp: callee.sdp, toTag })
  assert.ok(answered.sdp, answered.code)
  return { node: offered.node ?? '', offered: offered.sdp, answered: answered.sdp }
}

/** RTP that either sends to where its SDP says reaches the other. */
async function hears (caller: Phone, callee: Phone, { offered, answered }: Exchange): Promise<void> {
  const portOf = (sdp: string) => Number(/^m=audio (\d+)/m.exec(sdp)?.[1])
  for (const [from, to, port] of [[caller, callee, portOf(answered)], [callee, caller, portOf(offered)]] as const) {
    await arrives(from.socket, to.socket, port)
  }
}

async function arrives (from: Socket, to: Socket, port: number): Promise<void> {
  const ssrc = Math.floor(Math.random() * 2 ** 31)
  let isHeard = false
  const listen = (packet: Buffer) => { if (packet.readUInt32BE(8) === ssrc) isHeard = true }
  to.on('message', listen)
  let sequence = 0
  await until(() => {
    const packet = Buffer.alloc(172)
    packet[0] = 0x80
    packet.writeUInt16BE(sequence++ & 0xffff, 2)
    packet.writeUInt32BE(sequence * 160, 4)
    packet.writeUInt32BE(ssrc, 8)
    from.send(packet, port, '127.0.0.1')
    return isHeard
  })
  to.off('message', listen)
}
