import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import WebSocket from 'ws'
import { encode, readBody, split } from '../../../src/ng/codec.ts'
import { startRtpengine } from '../../../stack/rtpengine.ts'
import { ensureTree } from '../../../stack/tree.ts'
import { makeSilent } from '../../../stack/silent.ts'
import { outline, sdpFile } from '../../support/calls.ts'
import { startNgCaller } from '../../support/ng-caller.ts'
import { startNgTap } from '../../support/ng-tap.ts'
import { policyOf } from '../../policy/directory.ts'
import { kamailio, startIngress, trusting } from './ingress.ts'

const phoneSdp = sdpFile('answer-plain-pcmu')
const browserSdp = sdpFile('chromium-audio-gathered-loopback')
const ids = { 'call-id': 'c1', 'from-tag': 'f1' }
const body = (command: Parameters<typeof encode>[1]) => split(encode('x', command)).body

test('a call by NG has its SDP rewritten as the policy says, is answered and deleted with its counters', async (t) => {
  const { caller, emptied, told } = await startIngress(t)
  const offered = await caller.ask({ ...ids, ...kamailio, sdp: browserSdp, proto: 'wss', command: 'offer' })
  assert.equal(offered.result, 'ok')
  assert.deepEqual(outline(offered.sdp as Buffer).media, ['m=audio PORT RTP/AVP 0 8 126'])
  const answered = await caller.ask({ ...ids, ...kamailio, 'to-tag': 't1', sdp: phoneSdp, command: 'answer' })
  assert.match(outline(answered.sdp as Buffer).media[0] ?? '', /^m=audio PORT UDP\/TLS\/RTP\/SAVPF/)
  const deleted = await caller.ask({ ...ids, command: 'delete' })
  assert.ok(deleted.totals, 'without the counters that Kamailio reads')
  await emptied()
  assert.deepEqual(told, ['offer ok', 'answer ok', 'delete ok'])
})

test('a delete that names a branch ends it alone, and one from the other side or without a tag the call', async (t) => {
  const { caller, left, emptied } = await startIngress(t)
  const fork = async (branch: string, tag: string) => {
    await caller.ask({ ...ids, ...kamailio, 'via-branch': branch, sdp: phoneSdp, command: 'offer' })
    await caller.ask({ ...ids, ...kamailio, 'to-tag': tag, 'via-branch': branch, sdp: phoneSdp, command: 'answer' })
  }
  await fork('b1', 't1')
  await fork('b2', 't2')
  assert.equal((await caller.ask({ ...ids, 'via-branch': 'b1', command: 'delete' })).result, 'ok')
  assert.equal((await left()).inStore, 1)
  assert.equal((await caller.ask({ ...ids, command: 'query' })).result, 'ok')
  const deleted = await caller.ask({ ...ids, 'from-tag': 't2', command: 'delete' })
  assert.deepEqual([deleted.result, deleted.warning], ['ok', undefined])
  await emptied()
})

test('flags that the client sets itself do not count, fill gaps or count alone, as the policy says', async (t) => {
  const offer = { ...ids, ...kamailio, sdp: browserSdp, proto: 'wss', ICE: 'force', 'transport-protocol': 'RTP/SAVP', label: 'x', command: 'offer' }
  const outlineWith = async (flags: string) => {
    const policy = await policyOf(t, `endpoints: [{ profile: webrtc, match: { transport: wss } }]\nrules: [{ name: r, set: { client-flags: ${flags} } }]\n`)
    const { caller } = await startIngress(t, { policy })
    const { media, attributes } = outline((await caller.ask(offer)).sdp as Buffer)
    const { tags = {} } = await caller.ask({ ...ids, command: 'query' })
    return { protocol: media[0]?.split(' ')[2], hasIce: attributes.includes('candidate'), isLabelled: JSON.stringify(tags).includes('"label":"x"') }
  }
  assert.deepEqual(await outlineWith('ignore'), { protocol: 'RTP/AVP', hasIce: false, isLabelled: false })
  assert.deepEqual(await outlineWith('merge'), { protocol: 'RTP/AVP', hasIce: false, isLabelled: true })
  assert.deepEqual(await outlineWith('trust'), { protocol: 'RTP/SAVP', hasIce: true, isLabelled: true })
})

test('where the client is trusted, commands and replies pass byte for byte, less the hints', async (t) => {
  const rtpengine = await startRtpengine(t)
  const tap = await startNgTap(t, { host: rtpengine.address, port: rtpengine.port })
  const policy = await policyOf(t, trusting)
  const { caller } = await startIngress(t, { policy, nodes: [{ id: 'tapped', ...tap, version: '12.5' }] })
  const offer = { ICE: 'remove', flags: ['trust-address', 'unheard-of'], ...ids, sdp: browserSdp, 'odd key': ['x', { y: 1 }], command: 'offer' }
  const commands = [
    body({ trunk: 'acme', ...offer, 'rtpp-flags': 'replace-origin trunk=acme SDES-off' }),
    body({ ...ids, 'to-tag': 't1', sdp: phoneSdp, command: 'answer' }),
    body({ ...ids, command: 'query' }),
    body({ ...ids, command: 'no such command', 'what else': ['there', { is: 1 }], trunk: 'acme' }),
    body({ 'call-id': 'never heard of', command: 'query' }),
    body({ ...ids, flags: ['fragment'], sdp: Buffer.from('a=candidate:1 1 UDP 1 127.0.0.1 9 typ host\r\n'), command: 'offer' }),
    Buffer.from(`{"command":"offer","call-id":"json","from-tag":"f","sdp":${JSON.stringify(phoneSdp.toString())},"flags":["trust-address"]}`),
    Buffer.from('d7:call-id4:json7:command6:delete12:delete-delayi0ee and what else stands there'),
    Buffer.from('{"command":"offer","call-id":"json2","from-tag":"f","sdp":"what is this"}'),
  ]
  const replies: Buffer[] = []
  for (const [index, command] of commands.entries()) replies.push(split(await caller.askRaw(`k${index}`, command)).body)
  const [first, ...rest] = commands
  assert.deepEqual(tap.commands[0], body({ ...offer, 'rtpp-flags': 'replace-origin SDES-off' }))
  assert.ok(first)
  assert.deepEqual(tap.commands.slice(1), rest)
  assert.deepEqual(replies, tap.replies.filter((reply) => replies.some((one) => one.equals(reply))))
  assert.match(replies[3]?.toString() ?? '', /Unrecognized command/)
  assert.match(replies[4]?.toString() ?? '', /Unknown call-id/)
  assert.match(replies[6]?.toString() ?? '', /^\{.*"result":"ok"/)
})

test('a flags string passes to a node too old for it as keys of its own, and works there', async (t) => {
  const rtpengine = await startRtpengine(t, { tree: await ensureTree({ release: 'bookworm' }) })
  const tap = await startNgTap(t, { host: rtpengine.address, port: rtpengine.port })
  const { caller } = await startIngress(t, { policy: await policyOf(t, trusting), nodes: [{ id: 'tapped', ...tap }] })
  const flags = 'ICE=remove RTP/AVP rtcp-mux-demux trunk=acme trust-address SDES-off replace-origin'
  const keys = { ICE: 'remove', 'rtcp-mux': ['demux'], SDES: ['off'], replace: ['origin'], 'transport-protocol': 'RTP/AVP', flags: ['loop-protect', 'trust-address'] }
  const offer = { flags: ['loop-protect'], ...ids, sdp: browserSdp, command: 'offer' }
  const offered = await caller.ask({ ...offer, 'rtpp-flags': flags })
  const { media, attributes } = outline(offered.sdp as Buffer)
  assert.deepEqual([media[0]?.split(' ')[2], attributes.includes('candidate')], ['RTP/AVP', false])
  await caller.askRaw('json', Buffer.from(JSON.stringify({ ...offer, 'call-id': 'c2', sdp: browserSdp.toString(), 'rtpp-flags': flags })))
  const sent = tap.commands.map((command) => readBody(command, 0))
  assert.deepEqual(sent[0], { ...ids, sdp: browserSdp, command: 'offer', ...keys })
  assert.deepEqual(sent[1], { ...sent[0], 'call-id': 'c2' })
  // A byte that is no UTF-8 is nobody's to change.
  await caller.askRaw('latin1', Buffer.from('d7:command5:query7:call-id3:c\xe9110:rtpp-flags9:label=x b3:odd2:\xff\x00e', 'latin1'))
  assert.equal(tap.commands[2]?.toString('latin1'), 'd7:command5:query7:call-id3:c\xe913:odd2:\xff\x005:label1:x5:flagsl1:bee')
})

test('a call that passed as it came leaves nothing behind when its branches are deleted one by one', async (t) => {
  const { caller, left, emptied } = await startIngress(t, { policy: await policyOf(t, trusting) })
  const fork = (branch: string, command: string) => caller.ask({ ...ids, 'via-branch': branch, ...(command === 'offer' ? { sdp: phoneSdp } : { 'delete-delay': 0 }), command })
  await fork('b1', 'offer')
  await fork('b2', 'offer')
  await fork('b1', 'delete')
  assert.equal((await caller.ask({ ...ids, command: 'query' })).result, 'ok')
  assert.equal((await left()).inStore, 1)
  await fork('b2', 'delete')
  await emptied()
})

test('hints tell the policy what Kamailio\'s module cannot, and go no further', async (t) => {
  const policy = await policyOf(t, `profiles: { acme: { extends: sip, ng: { label: from-acme } } }
endpoints:
  - { profile: webrtc, match: { transport: wss } }
  - { profile: acme, match: { vars: { trunk: acme } } }
`)
  const { caller, decisions } = await startIngress(t, { policy })
  const offer = { ...ids, ...kamailio, sdp: browserSdp, command: 'offer' }
  await caller.ask({ ...offer, source: 'sip:192.0.2.1:9;transport=wss', destination: 'sip:192.0.2.2', 'destination-vars': 'trunk=acme' })
  await caller.ask({ ...offer, 'call-id': 'c2', 'rtpp-flags': 'trust-address proto=wss destination-vars=trunk=acme' })
  assert.deepEqual(decisions, ['offer webrtc acme', 'offer webrtc acme'])
  assert.deepEqual(await caller.ask({ ...offer, 'call-id': 'c3', proto: 'avian' }), {
    'error-reason': 'hint transport: "avian" is none of udp, tcp, tls, sctp, ws, wss', result: 'error',
  })
})

test('the same cookie from the same port gets the same bytes and is executed once, in flight too', async (t) => {
  const { caller, port, told } = await startIngress(t, { policy: await policyOf(t, trusting) })
  const offer = body({ ...ids, ...kamailio, sdp: phoneSdp, command: 'offer' })
  const first = caller.askRaw('same', offer)
  caller.send(Buffer.concat([Buffer.from('same '), offer]))
  const reply = await first
  assert.deepEqual(await caller.askRaw('same', Buffer.from('d4:whate')), reply)
  const other = await startNgCaller(t, { port })
  assert.match((await other.askRaw('same', Buffer.from('d7:command4:pinge'))).toString(), /pong/)
  assert.deepEqual(told, ['repeated', 'offer ok', 'repeated', 'ping ok'])
  assert.equal(caller.received.length, 2)
})

test('a WebSocket gets binary replies to text and binary, and none without the subprotocol', async (t) => {
  const { wsPort } = await startIngress(t)
  const open = async (subprotocol: string) => {
    const socket = new WebSocket(`ws://127.0.0.1:${wsPort}/anywhere`, subprotocol, {})
    t.after(() => { socket.terminate() })
    return new Promise<WebSocket>((resolve, reject) => socket.on('open', () => resolve(socket)).on('error', reject))
  }
  await assert.rejects(open('cli.rtpengine.com'), /400/)
  const socket = await open('ng.rtpengine.com')
  const replies: Buffer[] = []
  socket.on('message', (data) => { replies.push(Buffer.from(data)) })
  socket.send(Buffer.from('a {"command":"ping"}'), () => undefined)
  socket.send(encode('b', { ...ids, ...kamailio, sdp: browserSdp, proto: 'wss', command: 'offer' }), () => undefined)
  while (replies.length < 2) await sleep(5)
  assert.equal(replies[0]?.toString(), 'a {"result":"pong"}')
  assert.match(replies[1]?.toString() ?? '', /^b d3:sdp\d+:v=0.*6:result2:oke$/s)
})

test('what is no NG message is refused with the place, and passed over in silence only without a cookie', async (t) => {
  const { caller, told } = await startIngress(t)
  const reasonTo = async (text: string) => {
    const reply = await caller.askRaw(`r${told.length}`, Buffer.from(text))
    return /12:error-reason\d+:(.*)6:result5:errore$/.exec(reply.toString())?.[1]
  }
  assert.equal(await reasonTo('d7:command5:offe'), 'a string runs past the end of the message (byte 10)')
  assert.equal(await reasonTo('what?'), 'the message is not a bencoded dictionary (byte 0)')
  caller.send('nocookie')
  caller.send(' d7:command4:pinge')
  assert.deepEqual(await caller.ask({ command: 'ping' }), { result: 'pong' })
  assert.deepEqual(told, ['other ng_malformed', 'other ng_malformed', 'ignored: no cookie', 'ignored: no cookie', 'ping ok'])
})

test('list and statistics speak for the whole fleet', async (t) => {
  const nodes = [await startRtpengine(t), await startRtpengine(t)].map(({ address, port }, index) => ({ id: `n${index}`, host: address, port }))
  const { caller } = await startIngress(t, { nodes })
  for (const { port } of nodes) {
    const direct = await startNgCaller(t, { port })
    await direct.ask({ 'call-id': `on ${port}`, 'from-tag': 'f', sdp: phoneSdp, command: 'offer' })
  }
  const { calls } = await caller.ask({ command: 'list' })
  assert.deepEqual((calls as string[]).sort(), nodes.map(({ port }) => `on ${port}`).sort())
  assert.equal(((await caller.ask({ command: 'list', limit: 1 })).calls as string[]).length, 1)
  const { statistics } = await caller.ask({ command: 'statistics' }) as { statistics: Record<string, Record<string, unknown> & unknown[]> }
  assert.equal(statistics.currentstatistics?.sessionsown, 2)
  assert.equal(statistics.interfaces?.length, 2)
  assert.match(String(statistics.totalstatistics?.uptime), /^\d+$/)
  // A call that came another way, on a node that nobody wrote down.
  assert.equal((await caller.ask({ 'call-id': `on ${nodes[1]?.port ?? 0}`, command: 'query' })).result, 'ok')
})

test('a mesh, which names its calls in a list, goes to the node of the first', async (t) => {
  const nodes = await Promise.all([1, 2].map(async (number) => {
    const rtpengine = await startRtpengine(t)
    const tap = await startNgTap(t, { host: rtpengine.address, port: rtpengine.port })
    return { id: `n${number}`, ...tap }
  }))
  const { caller } = await startIngress(t, { nodes })
  for (const [index, { port }] of nodes.entries()) {
    const direct = await startNgCaller(t, { port })
    await direct.ask({ 'call-id': `on ${index}`, 'from-tag': 'f', sdp: phoneSdp, command: 'offer' })
  }
  const mesh = body({ command: 'mesh', calls: ['on 1', 'on 0'] })
  await caller.askRaw('m', mesh)
  assert.deepEqual(nodes.map(({ commands }) => commands.some((each) => each.equals(mesh))), [false, true])
})

test('where no node takes a call, the client is sent on in the words that it knows', async (t) => {
  const full = await startRtpengine(t, { args: ['--max-sessions=1'] })
  const { caller } = await startIngress(t, { nodes: [{ id: 'full', host: full.address, port: full.port }] })
  const offer = { ...ids, ...kamailio, sdp: phoneSdp, command: 'offer' }
  assert.equal((await caller.ask(offer)).result, 'ok')
  assert.equal((await caller.ask({ ...offer, 'call-id': 'c2' })).result, 'load limit')
  // OpenSIPS does not say what it supports.
  assert.deepEqual(await caller.ask({ ...ids, 'call-id': 'c3', sdp: phoneSdp, command: 'offer' }), { 'error-reason': 'Parallel session limit reached', result: 'error' })
  assert.equal((await caller.ask({ ...offer, 'to-tag': 't' })).result, 'ok')
})

test('a dead node delays nobody: offers end in time and go elsewhere, deletes are acknowledged and owed, pings answered', async (t) => {
  const { caller, rtpengine, emptied } = await startIngress(t, { deadlineMs: 300, policy: await policyOf(t, trusting) })
  await caller.ask({ ...ids, ...kamailio, sdp: phoneSdp, command: 'offer' })
  await makeSilent(rtpengine.pid)
  const deleted = await caller.ask({ ...ids, command: 'delete' })
  assert.equal(deleted.result, 'ok')
  assert.match(deleted.warning as string, /n1 is silent/)
  assert.equal((await caller.ask({ ...ids, ...kamailio, 'call-id': 'c2', sdp: phoneSdp, command: 'offer' })).result, 'load limit')
  assert.match((await caller.ask({ 'call-id': 'c3', command: 'query' }))['error-reason'] as string, /n1/)
  assert.deepEqual(await caller.ask({ command: 'ping' }), { result: 'pong' })
  process.kill(rtpengine.pid, 'SIGCONT')
  await emptied()
})

test('a ping is answered over IPv6 too', async (t) => {
  const { caller } = await startIngress(t, { host: '::1' })
  assert.deepEqual(await caller.ask({ command: 'ping' }), { result: 'pong' })
})
