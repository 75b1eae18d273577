import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, type Socket, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Calls } from '../../../src/calls/calls.ts'
import { type CallEvent, CallEvents } from '../../../src/calls/events.ts'
import type { MediaRequest } from '../../../src/calls/request.ts'
import { NgpilotError } from '../../../src/errors.ts'
import { startEvapi } from '../../../src/ingress/evapi/evapi.ts'
import type { LinkTimes } from '../../../src/ingress/evapi/link.ts'
import { NetstringReader, kamailioBufferBytes, netstring } from '../../../src/ingress/evapi/netstrings.ts'
import { startAdmission } from '../../support/admission.ts'

/** Faults of a Kamailio that a real one does not make on demand; what a real one does is in real.test.ts. */

const sdp = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n'
const invite = ['INVITE sip:bob@example.com SIP/2.0', 'Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1', 'From: <sip:a@example.com>;tag=f1',
  'To: <sip:b@example.com>', 'Call-ID: c1@example.com', 'CSeq: 1 INVITE', 'Content-Type: application/sdp', `Content-Length: ${sdp.length}`,
  '', sdp].join('\r\n')

test('a SIP message goes to the calls with what the frame says of the hop; the answer has the same id', async (t) => {
  const { kamailio, asked } = await start(t)
  const reply = await kamailio.ask({
    verb: 'manage', id: '7221:1062262457', message: invite, source: 'sip:198.51.100.7:5066;transport=wss',
    destination: 'sip:[2001:db8::1]:5060', destinationVars: 'trunk=acme', vars: 'tier=gold; region=eu', viaBranch: 'b1',
  })
  assert.deepEqual(reply, { id: '7221:1062262457', status: 200, type: 'application/sdp', body: 'rewritten' })
  const { callId, fromTag, source, destination, vars, viaBranch } = asked[0] as MediaRequest
  assert.deepEqual({ callId, fromTag, vars, viaBranch }, { callId: 'c1@example.com', fromTag: 'f1', vars: { tier: 'gold', region: 'eu' }, viaBranch: 'b1' })
  assert.equal(source?.transport, 'wss')
  assert.deepEqual(destination, { transport: 'udp', address: '2001:db8::1', port: 5060, uri: 'sip:[2001:db8::1]:5060', vars: { trunk: 'acme' } })
  assert.equal(asked[0]?.sdp?.toString(), sdp)
})

test('offer, answer and delete take call-id and tags; bytes that are no UTF-8 go both ways in base64', async (t) => {
  const latin = Buffer.from(sdp.replace('s=-', 's=\xfc'), 'latin1')
  const { kamailio, asked } = await start(t, { outcome: { command: 'offer', sdp: latin } })
  const offer = { verb: 'offer', id: '1', callId: 'c', fromTag: 'f', sdp64: latin.toString('base64') }
  assert.deepEqual(await kamailio.ask(offer), { id: '1', status: 200, type: 'application/sdp', body64: latin.toString('base64') })
  assert.deepEqual(asked[0]?.sdp, latin)
  await kamailio.ask({ verb: 'answer', id: '2', callId: 'c', fromTag: 'f', toTag: 't', sdp })
  assert.equal(asked[1]?.toTag, 't')
  await kamailio.ask({ verb: 'delete', id: '3', callId: 'c' })
  assert.equal(asked[2]?.callId, 'c')
})

test('any other command goes to the node of the call, and its reply comes back', async (t) => {
  const { kamailio, commands } = await start(t)
  assert.deepEqual(await kamailio.ask({ verb: 'play-dtmf', id: '1', callId: 'c', with: { fromTag: 'f', code: '5' } }), {
    id: '1', status: 200, node: 'n1', reply: { result: 'ok', sdp: 'v=0' },
  })
  assert.deepEqual(commands, [{ callId: 'c', command: { 'from-tag': 'f', code: '5', command: 'play DTMF' } }])
  const deep: unknown = JSON.parse('['.repeat(2000) + ']'.repeat(2000))
  const polluted: unknown = JSON.parse('{"__proto__":{"polluted":1}}')
  for (const a of [deep, polluted, 1.5]) {
    const { status, error } = await kamailio.ask({ verb: 'ng', id: '2', callId: 'c', with: { command: 'mesh', a } }) as { status: number, error: string }
    assert.deepEqual([status, error], [400, 'bad_request'])
  }
})

test('nothing to rewrite is 204; a refusal names the SIP status, the code and what is wrong', async (t) => {
  const idle = await start(t, { outcome: { command: 'none' } })
  assert.deepEqual(await idle.kamailio.ask({ verb: 'manage', id: '1', message: invite }), { id: '1', status: 204 })
  const refusing = await start(t, { error: new NgpilotError('sdp_invalid', 'line 3: no c= for this m-line') })
  assert.deepEqual(await refusing.kamailio.ask({ verb: 'manage', id: '1', message: invite }), {
    id: '1', status: 488, reason: 'Not Acceptable Here', error: 'sdp_invalid', detail: 'line 3: no c= for this m-line',
  })
  const ruled = await start(t, { error: new NgpilotError('rejected', 'rule 1900 refuses it', { sip: '603 Not Abroad' }) })
  const { status, reason } = await ruled.kamailio.ask({ verb: 'manage', id: '1', message: invite })
  assert.deepEqual([status, reason], [603, 'Not Abroad'])
  const broken = await start(t, { error: new TypeError('secret inside') })
  assert.doesNotMatch(JSON.stringify(await broken.kamailio.ask({ verb: 'manage', id: '1', message: invite })), /secret inside/)
})

const bad: [string, object, RegExp][] = [
  ['a message cut short', { verb: 'manage', message: invite.slice(0, -20) }, /Content-Length.*cut short/],
  ['an unknown key', { verb: 'manage', mesage: invite }, /unknown key "mesage"; did you mean "message"\?/],
  ['an unknown verb', { verb: 'ofer', message: invite }, /frame\.verb must be one of manage, offer/],
  ['a command with an unknown key', { verb: 'play-dtmf', callId: 'c', with: { code: '5', cod: 1 } }, /frame\.with has the unknown key "cod"/],
  ['no message', { verb: 'manage' }, /frame\.message is missing; manage needs it/],
  ['no tag in an answer', { verb: 'answer', callId: 'c', fromTag: 'f', sdp }, /frame\.toTag is missing/],
  ['a source that is no SIP URI', { verb: 'manage', message: invite, source: '198.51.100.7:5060' }, /frame\.source: neither sip:/],
]
for (const [name, frame, detail] of bad) {
  test(`${name} is refused with the reason, and the next frame is served`, async (t) => {
    const { kamailio, results } = await start(t)
    const reply = await kamailio.ask({ id: 'x', ...frame })
    assert.match(String(reply.detail), detail)
    assert.deepEqual(results.map((result) => result.split(' ')[1]), ['bad_request'])
    assert.equal((await kamailio.ask({ verb: 'manage', id: 'y', message: invite })).status, 200)
  })
}

test('a broken frame costs itself alone', async (t) => {
  const { kamailio, losses } = await start(t)
  kamailio.socket().write('900:{"id":"cut at a NUL","verb":"manage","message":"INVITE,')
  kamailio.socket().write(netstring('{"id":"no JSON",'))
  kamailio.socket().write(netstring('[]'))
  assert.equal((await kamailio.ask({ verb: 'manage', id: 'next', message: invite })).status, 200)
  assert.deepEqual(losses, ['k1 malformed'])
})

test('an answer that no frame of Kamailio\'s holds is refused in so many words', async (t) => {
  const { kamailio, losses } = await start(t, { outcome: { command: 'offer', sdp: Buffer.from('a=x:"\r\n'.repeat(4000)) } })
  const reply = await kamailio.ask({ verb: 'manage', id: '1', message: invite })
  assert.deepEqual([reply.status, reply.error], [513, 'too_large'])
  assert.match(String(reply.detail), /bytes; it must fit into the 32600 bytes/)
  assert.deepEqual(losses, ['k1 too_large'])
})

test('a frame that gets no answer is acknowledged all the same, so that Kamailio\'s socket sends the next', async (t) => {
  const { kamailio } = await start(t)
  const before = kamailio.acknowledged()
  kamailio.write({ verb: 'delete', callId: 'c' })
  await kamailio.until(() => kamailio.acknowledged() === before + 1)
})

test('every frame comes as one write, and no more is sent than Kamailio holds unread', async (t) => {
  const { kamailio } = await start(t, { outcome: { command: 'offer', sdp: Buffer.alloc(3000, 'x') } })
  kamailio.isAnswering = false
  for (let id = 0; id < 40; id++) kamailio.write({ verb: 'manage', id: String(id), message: invite })
  await kamailio.until(() => kamailio.unread() > 25_000)
  await sleep(100)
  assert.ok(kamailio.unread() <= kamailioBufferBytes, `${kamailio.unread()} bytes are unread`)
  kamailio.isAnswering = true
  await kamailio.until(() => kamailio.frames.filter(({ status }) => status === 200).length === 40)
})

test('a Kamailio that reads nothing for too long is connected to anew; what it did not get is counted', async (t) => {
  const times = { silentMs: 300, retryAfterMs: 20, keptMs: 100 }
  const outcome = { command: 'offer', sdp: Buffer.alloc(3000, 'x') }
  const { kamailio, losses, changes } = await start(t, { outcome, times })
  kamailio.isAnswering = false
  for (let id = 0; id < 40; id++) kamailio.write({ verb: 'manage', id: String(id), message: invite })
  await kamailio.until(() => changes.length >= 2)
  assert.match(changes[1] ?? '', /^down: Kamailio has answered no ping/)
  const lost = losses.length
  assert.ok(lost > 20 && losses.every((loss) => /k1 (expired|disconnected)/.test(loss)), losses.join())
  kamailio.isAnswering = true
  await kamailio.until(() => changes.at(-1) === 'up' && changes.length >= 3)
  assert.equal((await kamailio.ask({ verb: 'manage', id: 'again', message: invite })).status, 200)
})

test('a script that does not know pings is told of', async (t) => {
  const { kamailio, changes } = await start(t, { isAnswering: false, times: { silentMs: 100, retryAfterMs: 20 } })
  await kamailio.until(() => changes.length > 0)
  assert.match(changes[0] ?? '', /script does not answer pings/)
})

test('events go to every Kamailio that answers; a report does not', async (t) => {
  const { kamailio, events } = await start(t)
  const common = { callId: 'c1', node: 'n1', tags: ['a', 'b'], at: 1 }
  events.emit({ event: 'report', report: {}, ...common })
  const dtmf: CallEvent = { event: 'dtmf', tag: 'a', digit: '5', durationMs: 120, ...common }
  events.emit(dtmf)
  await kamailio.until(() => kamailio.frames.length > 0)
  assert.deepEqual(kamailio.frames, [dtmf])
})

test('close answers what is in flight, then ends the connection', async (t) => {
  let open: (value: undefined) => void = () => undefined
  const gate = new Promise<undefined>((resolve) => { open = resolve })
  const { kamailio, asked, evapi } = await start(t, { gate })
  const answered = kamailio.ask({ verb: 'manage', id: '1', message: invite })
  await kamailio.until(() => asked.length === 1)
  const closing = evapi.close()
  assert.equal((await kamailio.ask({ verb: 'manage', id: '2', message: invite })).error, 'stopping')
  open(undefined)
  assert.equal((await answered).status, 200)
  await closing
  await kamailio.until(() => kamailio.socket().readableEnded)
})

interface Given {
  outcome?: object
  error?: Error
  gate?: Promise<undefined>
  times?: Partial<LinkTimes>
  isAnswering?: boolean
}

/** The real ingress, connected to what stands for Kamailio; behind it verbs that say what they were asked. */
async function start (t: TestContext, { outcome, error, gate, times = {}, isAnswering = true }: Given = {}) {
  const asked: MediaRequest[] = []
  const results: string[] = []
  const losses: string[] = []
  const changes: string[] = []
  const verb = async (request: MediaRequest) => {
    asked.push(request)
    await gate
    if (error) throw error
    return outcome ?? { command: 'offer', sdp: Buffer.from('rewritten') }
  }
  const commands: object[] = []
  const command = ({ callId, command: given }: { callId: string, command: object }) => {
    commands.push({ callId, command: given })
    return Promise.resolve({ node: 'n1', reply: { result: 'ok', sdp: Buffer.from('v=0') } })
  }
  const kamailio = await startKamailio(t, isAnswering)
  const events = new CallEvents({ happened: () => undefined, failed: () => undefined })
  const evapi = startEvapi({
    kamailios: [{ id: 'k1', host: '127.0.0.1', port: kamailio.port }], instanceId: 'test', times,
    log: { info: () => undefined, warn: () => undefined },
    observer: {
      answered: (_ingress, command, result) => results.push(`${command} ${result}`),
      connected: () => changes.push('up'),
      disconnected: (_kamailio, reason) => changes.push(`down: ${reason}`),
      frame: () => undefined,
      lost: (id, reason) => losses.push(`${id} ${reason}`),
    },
  }, {
    admission: startAdmission(t, 400), events,
    calls: { manage: verb, offer: verb, answer: verb, deleteCall: verb, command } as unknown as Calls,
  })
  t.after(() => evapi.close())
  if (isAnswering) await kamailio.until(() => changes.includes('up'))
  return { kamailio, evapi, events, asked, commands, results, losses, changes }
}

/** A listener that talks as Kamailio does: netstrings, and a script that answers pings while `isAnswering`. */
async function startKamailio (t: TestContext, isAnswering: boolean) {
  const frames: Record<string, unknown>[] = []
  let socket: Socket | undefined
  let received = 0
  let read = 0
  let acknowledged = 0
  const server = createServer((connection) => {
    socket = connection
    received = read = 0
    const pending: string[] = []
    const reader = new NetstringReader()
    const answer = () => {
      for (const id of kamailio.isAnswering ? pending.splice(0) : []) kamailio.write({ verb: 'pong', id })
      if (kamailio.isAnswering) read = received
    }
    const poll = setInterval(answer, 5)
    connection.on('close', () => clearInterval(poll))
    connection.on('error', () => undefined)
    connection.on('data', (chunk) => {
      received += chunk.length
      // Kamailio skips what stands between two frames.
      const netstrings = chunk.filter((byte) => byte !== 0x0a)
      acknowledged += chunk.length - netstrings.length
      for (const payload of reader.push(Buffer.from(netstrings)).payloads) {
        const frame = JSON.parse(payload.toString()) as Record<string, unknown> & { ping?: string }
        if (frame.ping === undefined) frames.push(frame)
        else pending.push(frame.ping)
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    socket?.destroy()
    server.close()
  })
  const until = async (condition: () => boolean) => {
    for (let tries = 0; !condition(); tries++) {
      if (tries > 2000) throw new Error('it did not come to pass')
      await sleep(5)
    }
  }
  const kamailio = {
    port: (server.address() as AddressInfo).port,
    isAnswering, frames, until,
    socket: () => socket as Socket,
    unread: () => received - read,
    acknowledged: () => acknowledged,
    write: (frame: object) => socket?.write(netstring(JSON.stringify(frame))),
    async ask (frame: { id: string, [key: string]: unknown }) {
      kamailio.write(frame)
      const find = () => frames.findIndex(({ id }) => id === frame.id)
      await until(() => find() >= 0)
      return frames.splice(find(), 1)[0] ?? {}
    },
  }
  return kamailio
}
