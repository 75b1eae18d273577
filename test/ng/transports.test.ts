import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { promisify } from 'node:util'
import { answerCommand, deleteCommand, listCommand, mostListed, offerCommand, pingCommand, queryCommand, statisticsCommand } from '../../src/ng/commands.ts'
import { maxMessageBytes } from '../../src/ng/check.ts'
import type { NgObserver } from '../../src/ng/observer.ts'
import type { MediaNode, NgDictionary, StreamName } from '../../src/ng/types.ts'
import { startDaemon } from '../../stack/daemon.ts'
import { freePort } from '../../stack/ports.ts'
import { answersPing, startRtpengine } from '../../stack/rtpengine.ts'
import { makeSilent } from '../../stack/silent.ts'
import { sharedContext } from '../support/shared.ts'
import { codeOf, startNgClient, unusedPort, within } from './ng-client.ts'

const run = promisify(execFile)
const host = '127.0.0.1'
const browserSdp = await readFile(new URL('../data/sdp/chromium-audio-gathered-loopback.sdp', import.meta.url))
const phoneSdp = await readFile(new URL('../data/sdp/answer-plain-pcmu.sdp', import.meta.url))
const toPhone: NgDictionary = { 'transport-protocol': 'RTP/AVP', ICE: 'remove', DTLS: 'off', 'rtcp-mux': ['demux'] }

const shared = sharedContext()
const folder = await mkdtemp(join(tmpdir(), 'ngpilot-tls-'))
shared.after(() => rm(folder, { recursive: true }))
const server = await selfSigned('server')
const operator = await selfSigned('operator')
const rtpengine = await startTlsRtpengine()
const endpoints = {
  ws: { host, transport: 'ws', port: rtpengine.httpPort },
  http: { host, transport: 'http', port: rtpengine.httpPort },
  wss: { host, transport: 'wss', port: rtpengine.httpsPort, tls: { ca: server.cert } },
  https: { host, transport: 'https', port: rtpengine.httpsPort, tls: { ca: server.cert } },
} satisfies Record<StreamName, Omit<MediaNode, 'id'>>

for (const [name, endpoint] of Object.entries(endpoints)) {
  const node: MediaNode = { id: name, ...endpoint }

  test(`${name}: a whole call, SDP byte for byte`, async (t) => {
    const client = startNgClient(t)
    const send = (command: Parameters<typeof client.send>[1]) => client.send(node, command, within(5000))
    const call = { callId: `call over ${name}`, fromTag: 'browser' }
    const text = browserSdp.toString('latin1').replace(/^s=.*$/m, 's=\xe9\xff')
    const sdp = Buffer.from(text, 'latin1')
    const offered = await send(offerCommand({ ...call, sdp, flags: toPhone }))
    assert.match(String(offered.sdp), /^m=audio \d+ RTP\/AVP /m)
    assert.ok(offered.sdp?.includes(Buffer.from([0xe9, 0xff])))
    const answered = await send(answerCommand({ ...call, toTag: 'phone', sdp: phoneSdp, flags: { ICE: 'force' } }))
    assert.match(String(answered.sdp), /^m=audio \d+ UDP\/TLS\/RTP\/SAVPF 0/m)
    assert.ok((await send(queryCommand({ callId: call.callId }))).tags)
    await send(deleteCommand({ callId: call.callId, deleteDelaySeconds: 0 }))
    assert.ok(!((await send(listCommand())).calls as string[]).includes(call.callId))
    assert.ok((client.stateOf(name)?.roundTripMs ?? 0) > 0)
    assert.deepEqual(client.seen.filter((event) => /retransmission|late|malformed/.test(event)), [])
  })

  test(`${name}: a hundred commands at once each get their own reply`, async (t) => {
    const client = startNgClient(t)
    const outcomes = await Promise.all(Array.from({ length: 100 }, (_, index) => index % 2 === 0
      ? client.send(node, deleteCommand({ callId: `${name} ${index}` }), within(10_000)).then((reply) => reply.warning)
      : client.send(node, pingCommand(), within(10_000)).then((reply) => reply.result)))
    assert.ok(outcomes.every((outcome, index) => index % 2 === 0 ? /not found/.test(outcome ?? '') : outcome === 'pong'))
    assert.ok(!client.seen.some((event) => /malformed|late/.test(event)), 'replies were written into one another')
    assert.equal((await client.send(node, pingCommand(), within(5000))).result, 'pong')
  })

  test(`${name}: refusals have their codes`, async (t) => {
    const client = startNgClient(t)
    assert.equal(await codeOf(client.send(node, queryCommand({ callId: 'none' }), within(5000))), 'call_unknown')
  })

  test(`${name}: carries what no datagram holds, both ways`, async (t) => {
    const client = startNgClient(t)
    const sdp = Buffer.concat([phoneSdp, Buffer.from('a=x-filler:0123456789\r\n'.repeat(4000))])
    const callId = `large over ${name}`
    const reply = await client.send(node, offerCommand({ callId, fromTag: 'f', sdp, flags: {} }), within(10_000))
    assert.ok((reply.sdp?.length ?? 0) > maxMessageBytes)
    await client.send(node, deleteCommand({ callId, deleteDelaySeconds: 0 }), within(5000))
  })

  test(`${name}: a connection that breaks before the reply costs a repeat, and nothing is executed twice`, async (t) => {
    const client = startNgClient(t, { retryAfterMs: 10 })
    const port = await startCuttingProxy(t, endpoint.port, endpoint.transport.startsWith('http') && !('tls' in endpoint) ? 1 : 2)
    const before = await offerCount(client)
    const callId = `cut over ${name}`
    const reply = await client.send({ ...node, port }, offerCommand({ callId, fromTag: 'f', sdp: phoneSdp, flags: {} }), within(5000))
    assert.ok(reply.sdp)
    assert.equal(await offerCount(client), before + 1)
    await client.send(node, deleteCommand({ callId, deleteDelaySeconds: 0 }), within(5000))
  })

  test(`${name}: a port where nobody listens is no_node, at once where another node is to be tried`, async (t) => {
    const client = startNgClient(t, { retryAfterMs: 10 })
    const nobody = { ...node, port: await unusedPort() }
    await assert.rejects(client.send(nobody, pingCommand(), within(100)), { code: 'no_node', message: /^node \w+ refused the connection/ })
    await assert.rejects(client.send(nobody, pingCommand(), { ...within(60_000), whenRefused: 'fail' }), { code: 'no_node' })
  })

  test(`${name}: a silent node is ng_timeout by the deadline, and not lost for ever when it wakes`, async (t) => {
    const client = startNgClient(t)
    // Each time, a client that closes the connection of the expired command would block rtpengine's HTTP thread or not.
    for (let times = 0; times < 5; times++) {
      await client.send(node, pingCommand(), within(5000))
      await makeSilent(rtpengine.pid)
      const sending = client.send(node, pingCommand(), within(60))
      const code = await codeOf(sending).finally(() => process.kill(rtpengine.pid, 'SIGCONT'))
      assert.match(code, /^(ng_timeout|none)$/)
    }
    assert.equal((await client.send(node, pingCommand(), within(5000))).result, 'pong')
  })
}

for (const name of ['wss', 'https'] as const) {
  test(`${name}: a certificate that nobody vouches for is no_node at once`, async (t) => {
    const node: MediaNode = { id: name, ...endpoints[name], tls: { ca: operator.cert } }
    await assert.rejects(startNgClient(t).send(node, pingCommand(), within(60_000)), { code: 'no_node', message: /certificate/ })
  })

  test(`${name}: a certificate for another name is refused, unless that name is given`, async (t) => {
    const node: MediaNode = { id: name, ...endpoints[name], host: 'localhost' }
    const client = startNgClient(t)
    await assert.rejects(client.send(node, pingCommand(), within(60_000)), { code: 'no_node', message: /altnames/ })
    const named = { ...node, tls: { ca: server.cert, serverName: 'media.example' } }
    assert.equal((await client.send(named, pingCommand(), within(5000))).result, 'pong')
  })

  test(`${name}: a client certificate is shown to whoever asks for one`, async (t) => {
    const port = await startGate(t, rtpengine.httpPort)
    const client = startNgClient(t)
    const node: MediaNode = { id: name, host, port, transport: name, tls: { ca: server.cert } }
    assert.notEqual(await codeOf(client.send(node, pingCommand(), within(300))), 'none')
    const withCertificate = { ...node, tls: { ca: server.cert, cert: operator.cert, key: operator.key } }
    assert.equal((await client.send(withCertificate, pingCommand(), within(5000))).result, 'pong')
  })
}

for (const transport of ['ws', 'http'] as const) {
  test(`${transport}: what is no rtpengine is no_node at once`, async (t) => {
    const other = createHttpServer((request, response) => { response.writeHead(404).end() })
    const port = await listening(t, other)
    await assert.rejects(startNgClient(t).send({ id: 'web', host, port, transport }, pingCommand(), within(60_000)), {
      code: 'no_node', message: /^node web cannot be reached at 127\.0\.0\.1:\d+: .*404/,
    })
  })

  test(`${transport}: a port or host that is none is no_node at once`, async (t) => {
    const client = startNgClient(t)
    assert.equal(await codeOf(client.send({ id: 'odd', host, port: 70_000, transport }, pingCommand(), within(60_000))), 'no_node')
    assert.equal(await codeOf(client.send({ id: 'lost', host: 'rtpengine.invalid', port: 1, transport }, pingCommand(), within(60_000))), 'no_node')
  })

  test(`${transport}: a node that starts before the deadline is still reached`, async (t) => {
    const port = await freePort()
    const sending = startNgClient(t, { retryAfterMs: 20 }).send({ id: 'late', host, port, transport }, pingCommand(), within(10_000))
    await startRtpengine(t, { args: [`--listen-http=${host}:${port}`] })
    assert.equal((await sending).result, 'pong')
  })
}

test('long messages go over the stream, the others over UDP', async (t) => {
  const sent: string[] = []
  const observer: Partial<NgObserver> = {
    sent: (_, transport, bytes) => { sent.push(`${transport} ${bytes > 1000 ? 'long' : 'short'}`) },
  }
  const client = startNgClient(t, { observer })
  const node: MediaNode = { id: 'n', host, port: rtpengine.port, stream: endpoints.wss, streamAboveBytes: 1000 }
  const offer = offerCommand({ callId: 'two ways', fromTag: 'f', sdp: browserSdp, flags: toPhone })
  await client.send(node, pingCommand(), within(5000))
  await client.send(node, offer, within(5000))
  await client.send({ ...node, streamAboveBytes: 10_000 }, offer, within(5000))
  await client.send(node, deleteCommand({ callId: 'two ways', deleteDelaySeconds: 0 }), within(5000))
  assert.deepEqual(sent, ['udp short', 'wss long', 'udp long', 'udp short'])
})

test('a list of more call-ids than a datagram holds comes over the stream; without one nothing comes', async (t) => {
  const client = startNgClient(t)
  const udp: MediaNode = { id: 'n', host, port: rtpengine.port }
  const node: MediaNode = { ...udp, stream: endpoints.http }
  // 30 call-ids of 2,500 bytes: rtpengine takes any.
  const callIds = Array.from({ length: 30 }, (_, index) => `${index}-${'x'.repeat(2500)}`)
  for (const callId of callIds) await client.send(node, offerCommand({ callId, fromTag: 'f', sdp: phoneSdp, flags: {} }), within(5000))
  const { calls } = await client.send(node, listCommand({ limit: mostListed(node) }), { ...within(5000), isReplyLong: true })
  assert.ok(Array.isArray(calls) && callIds.every((callId) => calls.includes(callId)))
  await assert.rejects(client.send(udp, listCommand({ limit: 500 }), within(300)), { code: 'ng_timeout' })
  for (const callId of callIds) await client.send(node, deleteCommand({ callId, deleteDelaySeconds: 0 }), within(5000))
})

test('a node with a stream takes over it what no datagram holds', async (t) => {
  const client = startNgClient(t)
  const node: MediaNode = { id: 'n', host, port: rtpengine.port, stream: endpoints.http }
  const sdp = Buffer.concat([phoneSdp, Buffer.from('a=x-filler:0123456789\r\n'.repeat(4000))])
  await client.send(node, offerCommand({ callId: 'long', fromTag: 'f', sdp, flags: {} }), within(5000))
  await assert.rejects(client.send(node, { command: 'offer', sdp: Buffer.alloc(1024 * 1024) }, within(5000)), {
    code: 'too_large', message: /^the offer has \d+ bytes; a message holds 1048576$/,
  })
  await client.send(node, deleteCommand({ callId: 'long', deleteDelaySeconds: 0 }), within(5000))
})

async function offerCount (client: ReturnType<typeof startNgClient>): Promise<number> {
  const { statistics } = await client.send({ id: 'count', host, port: rtpengine.port }, statisticsCommand(), within(5000))
  return Number((statistics as { controlstatistics: NgDictionary }).controlstatistics.totaloffercount)
}

/** A certificate of its own signing for 127.0.0.1 and media.example, as PEM. */
async function selfSigned (name: string): Promise<{ key: string, cert: string }> {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)]
  await run('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-keyout', key, '-out', cert, '-subj', `/CN=${name}`, '-addext', `subjectAltName=IP:${host},DNS:media.example`,
  ])
  return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') }
}

async function startTlsRtpengine () {
  const [port, httpPort, httpsPort] = [await freePort(), await freePort(), await freePort()]
  const daemon = await startDaemon(shared, {
    name: 'rtpengine',
    files: { 'server.key': server.key, 'server.pem': server.cert },
    argv: [
      'rtpengine', '--config-file=none', '--foreground', '--log-stderr', '--log-level=5', '--table=-1', `--interface=${host}`,
      `--listen-ng=${host}:${port}`, `--listen-http=${host}:${httpPort}`, `--listen-https=${host}:${httpsPort}`,
      '--https-cert=/srv/server.pem', '--https-key=/srv/server.key', '--delete-delay=0',
    ],
    isReady: () => answersPing(host, port),
  })
  return { pid: daemon.pid, port, httpPort, httpsPort }
}

/** A TCP proxy that hands the first command on its first connection to the node, and ends it in place of the reply. */
async function startCuttingProxy (t: TestContext, to: number, commandFrom: number): Promise<number> {
  let connections = 0
  return listening(t, createServer((client) => {
    const upstream = connect(to, host)
    for (const socket of [client, upstream]) socket.on('error', () => undefined)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    client.pipe(upstream)
    if (connections++ > 0) upstream.pipe(client)
    else cut(client, upstream, commandFrom)
  }))
}

function cut (client: Socket, upstream: Socket, commandFrom: number): void {
  let fromClient = 0
  client.on('data', () => { fromClient++ })
  upstream.on('data', (chunk) => {
    if (fromClient < commandFrom) client.write(chunk)
    // Not before the command is done: rtpengine does not bear that (`Transport.close`).
    else setTimeout(() => client.destroy(), 100)
  })
}

/** What stands before a node and lets nobody pass without the operator's certificate. rtpengine itself asks for none. */
async function startGate (t: TestContext, to: number): Promise<number> {
  const options = { ...server, ca: operator.cert, requestCert: true, rejectUnauthorized: true }
  return listening(t, createTlsServer(options, (client) => {
    const upstream = connect(to, host)
    for (const socket of [client, upstream]) socket.on('error', () => undefined)
    client.pipe(upstream).pipe(client)
  }))
}

async function listening (t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  server.listen(0, host)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
