import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Calls } from '../../../src/calls/calls.ts'
import type { MediaRequest } from '../../../src/calls/request.ts'
import { NgpilotError } from '../../../src/errors.ts'
import { type HttpOptions, startHttp } from '../../../src/ingress/http/http.ts'
import { AnswerRequest, DeleteRequest, OfferRequest, sipExample } from '../../../src/ingress/http/schemas.ts'
import { startAdmission } from '../../support/admission.ts'

const sdp = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n'
const invite = sipMessage('INVITE sip:bob@example.com SIP/2.0', sdp)

test('a SIP message goes to the calls with what its headers say of the hop', async (t) => {
  const { post, asked } = await startServer(t)
  const reply = await post('/v1/sip', invite, {
    'content-type': 'message/sip',
    'ngpilot-source': 'sip:198.51.100.7:5066;transport=wss',
    'ngpilot-destination': 'sip:[2001:db8::1]:5060',
    'ngpilot-destination-vars': 'trunk=acme',
    'ngpilot-vars': 'tier=gold; region=eu',
  })
  assert.equal(reply.status, 200)
  assert.equal(reply.headers.get('content-type'), 'application/sdp')
  assert.equal(await reply.text(), 'rewritten')
  const request = asked[0] as MediaRequest
  assert.equal(request.callId, 'c1@example.com')
  assert.equal(request.fromTag, 'f1')
  assert.equal(request.sdp?.toString(), sdp)
  assert.deepEqual(request.source, {
    transport: 'wss', address: '198.51.100.7', port: 5066, uri: 'sip:198.51.100.7:5066;transport=wss', vars: {},
  })
  assert.deepEqual(request.destination, {
    transport: 'udp', address: '2001:db8::1', port: 5060, uri: 'sip:[2001:db8::1]:5060', vars: { trunk: 'acme' },
  })
  assert.deepEqual(request.vars, { tier: 'gold', region: 'eu' })
})

test('a message/sip to /v1/delete ends the call that it belongs to, whatever it says', async (t) => {
  const { post, asked } = await startServer(t, { outcome: { command: 'delete' } })
  assert.equal((await post('/v1/delete', invite, { 'content-type': 'message/sip' })).status, 204)
  assert.equal(asked[0]?.callId, 'c1@example.com')
})

test('a Ngpilot-Source that is no SIP URI is refused by its name', async (t) => {
  const { post } = await startServer(t)
  const reply = await post('/v1/sip', invite, { 'content-type': 'message/sip', 'ngpilot-source': '198.51.100.7:5060' })
  assert.match((await problem(reply)).detail, /header ngpilot-source: neither sip:, sips: nor tel:/)
})

test('the other parts of a multipart body come back as they were', async (t) => {
  const { post } = await startServer(t)
  const parts = (content: string) => `--b1\r\nContent-Type: application/sdp\r\n\r\n${content}\r\n--b1\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b1--\r\n`
  const reply = await post('/v1/sip', sipMessage('INVITE sip:b@example.com SIP/2.0', parts(sdp), 'multipart/mixed;boundary=b1'), {
    'content-type': 'message/sip',
  })
  assert.equal(reply.headers.get('content-type'), 'multipart/mixed;boundary=b1')
  assert.equal(await reply.text(), parts('rewritten'))
})

test('a body without a byte is no SDP, whatever Content-Type says', async (t) => {
  const { post, asked } = await startServer(t, { outcome: { command: 'none' } })
  const empty = sipMessage('INVITE sip:b@example.com SIP/2.0', '')
  assert.match(empty, /Content-Type: application\/sdp/)
  assert.equal((await post('/v1/sip', empty, { 'content-type': 'message/sip' })).status, 204)
  assert.equal(asked[0]?.sdp, undefined)
})

test('nothing to rewrite is 204', async (t) => {
  const { post } = await startServer(t, { outcome: { command: 'none' } })
  assert.equal((await post('/v1/sip', invite, { 'content-type': 'message/sip' })).status, 204)
})

test('a bare SDP takes call-id and tags from headers, and comes back bare', async (t) => {
  const { post, asked } = await startServer(t)
  const headers = { 'content-type': 'application/sdp', 'ngpilot-call-id': 'c2', 'ngpilot-from-tag': 'f2', 'ngpilot-to-tag': 't2' }
  const reply = await post('/v1/answer', sdp, headers)
  assert.equal(await reply.text(), 'rewritten')
  assert.equal(asked[0]?.toTag, 't2')
  const refused = await post('/v1/offer', sdp, { 'content-type': 'application/sdp', 'ngpilot-call-id': 'c2' })
  assert.match((await problem(refused)).detail, /header ngpilot-from-tag/)
})

test('JSON comes back as JSON with the decision', async (t) => {
  const { post } = await startServer(t)
  const reply = await post('/v1/offer', JSON.stringify({ callId: 'c3', fromTag: 'f3', sdp }), { 'content-type': 'application/json' })
  assert.deepEqual(await reply.json(), { sdp: 'rewritten', node: 'n1', sender: 'browser', receiver: 'phone', revision: 'r1' })
})

test('a reason in any language is told as the UTF-8 that SIP has there', async (t) => {
  const { post } = await startServer(t, { error: new NgpilotError('rejected', 'refused by rule night', { sip: '603 Не сейчас' }) })
  const reply = await post('/v1/sip', invite, { 'content-type': 'message/sip' })
  assert.equal(reply.status, 403)
  assert.equal(Buffer.from(reply.headers.get('ngpilot-sip-status') ?? '', 'latin1').toString(), '603 Не сейчас')
})

test('every error is a problem document with the fitting SIP status', async (t) => {
  const { post } = await startServer(t, { error: new NgpilotError('sdp_invalid', 'line 3: no c= for this m-line') })
  const reply = await post('/v1/sip', invite, { 'content-type': 'message/sip' })
  assert.equal(reply.status, 422)
  assert.equal(reply.headers.get('content-type'), 'application/problem+json; charset=utf-8')
  assert.equal(reply.headers.get('ngpilot-sip-status'), '488 Not Acceptable Here')
  assert.deepEqual(await problem(reply), {
    type: 'urn:ngpilot:error:sdp_invalid', title: 'Unprocessable Entity', status: 422, code: 'sdp_invalid',
    detail: 'line 3: no c= for this m-line',
  })
})

test('a fault of its own is told without its inside', async (t) => {
  const { post, lines } = await startServer(t, { error: new TypeError('secret inside') })
  const reply = await post('/v1/sip', invite, { 'content-type': 'message/sip' })
  assert.equal(reply.status, 500)
  assert.doesNotMatch(JSON.stringify(await problem(reply)), /secret inside/)
  assert.equal(lines[0]?.error, 'internal')
})

const bad: { name: string, path: string, body: string | Buffer, type: string, status: number, detail: RegExp }[] = [
  { name: 'a SIP message cut short', path: '/v1/sip', body: invite.slice(0, -20), type: 'message/sip', status: 400, detail: /Content-Length.*cut short/ },
  { name: 'a SIP message without an end of its headers', path: '/v1/sip', body: 'INVITE sip:b SIP/2.0\r\nVia: x', type: 'message/sip', status: 400, detail: /no empty line/ },
  { name: 'no Call-ID', path: '/v1/sip', body: invite.replace(/Call-ID:.*\r\n/, ''), type: 'message/sip', status: 400, detail: /Call-ID.*missing/ },
  { name: 'two Content-Lengths', path: '/v1/sip', body: invite.replace('CSeq:', 'Content-Length: 5\r\nCSeq:'), type: 'message/sip', status: 400, detail: /Content-Length/ },
  { name: 'a transport that is none', path: '/v1/offer', body: JSON.stringify({ callId: 'c', fromTag: 'f', sdp, source: { transport: 'upd' } }), type: 'application/json', status: 400, detail: /body\.source\.transport must be one of udp, tcp, tls/ },
  { name: 'an empty body', path: '/v1/sip', body: '', type: 'message/sip', status: 400, detail: /./ },
  { name: 'a body over the limit', path: '/v1/offer', body: Buffer.alloc(70_000, 'x'), type: 'application/sdp', status: 413, detail: /http\.bodyLimitBytes/ },
  { name: 'an unknown Content-Type', path: '/v1/offer', body: 'x', type: 'text/plain', status: 415, detail: /message\/sip, application\/sdp or application\/json/ },
  { name: 'JSON cut short', path: '/v1/offer', body: '{"callId":', type: 'application/json', status: 400, detail: /JSON/ },
  { name: 'an unknown JSON key', path: '/v1/offer', body: JSON.stringify({ calId: 'c', fromTag: 'f', sdp }), type: 'application/json', status: 400, detail: /unknown key "calId"; did you mean "callId"\?/ },
  { name: 'a JSON key that reaches for the prototype', path: '/v1/offer', body: `{"__proto__":{"x":1},"callId":"c","fromTag":"f","sdp":"v"}`, type: 'application/json', status: 400, detail: /not valid JSON/ },
  { name: 'an empty SDP', path: '/v1/offer', body: JSON.stringify({ callId: 'c', fromTag: 'f', sdp: '' }), type: 'application/json', status: 400, detail: /body\.sdp must NOT have fewer than 1 characters/ },
  { name: 'an unknown path', path: '/v1/ofer', body: '{}', type: 'application/json', status: 404, detail: /openapi\.json/ },
]

for (const { name, path, body, type, status, detail } of bad) {
  test(`${name} is refused with ${status} and the reason`, async (t) => {
    const { post, lines, results } = await startServer(t, { bodyLimitBytes: 65_536 })
    const reply = await post(path, body, { 'content-type': type })
    assert.equal(reply.status, status)
    assert.match((await problem(reply)).detail, detail)
    assert.equal(lines.length, 1, 'one line in the log')
    assert.equal(results.length, 1, 'counted once')
    assert.equal((await post('/v1/sip', invite, { 'content-type': 'message/sip' })).status, 200, 'and the next one is served')
  })
}

test('with a token every path but the health checks needs it', async (t) => {
  const { url, post } = await startServer(t, { token: 'sixteen-characters' })
  assert.equal((await post('/v1/sip', invite, { 'content-type': 'message/sip' })).status, 401)
  assert.equal((await post('/v1/sip', invite, { 'content-type': 'message/sip', authorization: 'Bearer wrong' })).status, 401)
  assert.equal((await post('/v1/sip', invite, { 'content-type': 'message/sip', authorization: 'Bearer sixteen-characters' })).status, 200)
  assert.equal((await fetch(`${url}/metrics`)).status, 401)
  assert.equal((await fetch(`${url}/healthz`)).status, 200)
})

test('readyz tells each part and answers 503 when one is not ready', async (t) => {
  const { url } = await startServer(t, { isReady: false })
  const reply = await fetch(`${url}/readyz`)
  assert.equal(reply.status, 503)
  assert.deepEqual(await reply.json(), { status: 'not ready', checks: { store: { isReady: false, detail: 'gone' } } })
})

test('nodes are shown, and drained by their id', async (t) => {
  const { url, post } = await startServer(t)
  const { calls, freePorts } = (await (await fetch(`${url}/v1/nodes`)).json() as { nodes: Record<string, unknown>[] }).nodes[0] ?? {}
  assert.deepEqual({ calls, freePorts }, { calls: 3, freePorts: undefined })
  assert.equal((await post('/v1/nodes/n1/drain', '', {})).status, 200)
  assert.equal((await post('/v1/nodes/n1/drain', '', { 'content-type': 'application/json' })).status, 200)
  assert.equal((await post('/v1/offer', '', { 'content-type': 'application/json' })).status, 400)
  const refused = await post('/v1/nodes/n2/drain', '', {})
  assert.equal(refused.status, 404)
  assert.match((await problem(refused)).detail, /there is no node n2; there are n1/)
  const byDns = await post(`/v1/nodes/${'a'.repeat(60)}.${'b'.repeat(60)}.example:2223/drain`, '', {})
  assert.match((await problem(byDns)).detail, /there is no node a+\.b+\.example:2223; there are n1/)
})

test('the API describes itself', async (t) => {
  const { url } = await startServer(t)
  const page = await (await fetch(`${url}/openapi.json`)).json() as { openapi: string, paths: object }
  assert.equal(page.openapi, '3.1.0')
  const paths = Object.keys(page.paths).filter((path) => !path.startsWith('/v1/calls')).sort()
  assert.deepEqual(paths, ['/healthz', '/metrics', '/readyz', '/v1/analyze', '/v1/answer', '/v1/delete', '/v1/nodes',
    '/v1/nodes/{id}/disable', '/v1/nodes/{id}/drain', '/v1/nodes/{id}/enable', '/v1/offer', '/v1/policy', '/v1/policy/canary',
    '/v1/policy/promote', '/v1/policy/reload', '/v1/policy/rollback', '/v1/rtpengine/timeout', '/v1/sip'])
})

test('every body in the description of the API has an example', async (t) => {
  const { url } = await startServer(t)
  interface Body { content?: Record<string, object> }
  interface Operation { requestBody?: Body, responses?: Record<string, Body> }
  const { paths } = await (await fetch(`${url}/openapi.json`)).json() as { paths: Record<string, Record<string, Operation>> }
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.values(methods).map((operation) => ({ path, ...operation })))
  const bodies = operations.flatMap(({ path, requestBody, responses }) =>
    Object.entries({ request: requestBody ?? {}, ...responses }).flatMap(([name, { content = {} }]) =>
      Object.entries(content).map(([type, body]) => ({ name: `${path} ${name} ${type}`, body }))))
  const without = bodies.filter(({ body }) => !/"examples?":/.test(JSON.stringify(body))).map(({ name }) => name)
  assert.ok(bodies.length > 100)
  assert.deepEqual(without, [])
})

test('the examples of the API page are what the API takes', async (t) => {
  const { post } = await startServer(t)
  const bodies = { offer: OfferRequest, answer: AnswerRequest, delete: DeleteRequest }
  for (const [verb, schema] of Object.entries(bodies)) {
    const [example] = (schema as { examples?: object[] }).examples ?? []
    assert.ok(example)
    assert.ok((await post(`/v1/${verb}`, JSON.stringify(example), { 'content-type': 'application/json' })).ok)
  }
  assert.equal((await post('/v1/sip', sipExample, { 'content-type': 'message/sip' })).status, 200)
})

test('bytes that are no HTTP get 400 and harm nobody', async (t) => {
  const { url, post } = await startServer(t)
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write('\x00\xff\xfe garbage\r\n\r\n')
  const [line] = await socket.setEncoding('utf8').take(1).toArray() as [string]
  assert.match(line, /^HTTP\/1\.1 400/)
  assert.equal((await post('/v1/sip', invite, { 'content-type': 'message/sip' })).status, 200)
})

test('one connection carries request after request, also when they come together, in chunks or in pieces', async (t) => {
  const { raw, asked } = await startServer(t)
  const head = 'POST /v1/sip HTTP/1.1\r\nHost: x\r\nContent-Type: message/sip\r\n'
  const plain = `${head}Content-Length: ${invite.length}\r\n\r\n${invite}`
  const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n${invite.length.toString(16)}\r\n${invite}\r\n0\r\n\r\n`
  const connection = await raw()
  connection.write(plain + chunked)
  await connection.until(/(HTTP\/1\.1 200[\s\S]*rewritten){2}/)
  for (const piece of [plain.slice(0, 30), plain.slice(30, 200), plain.slice(200)]) {
    connection.write(piece)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await connection.until(/(HTTP\/1\.1 200[\s\S]*rewritten){3}/)
  assert.equal(asked.length, 3)
  assert.doesNotMatch(connection.received(), /connection: close/i)
})

test('Expect: 100-continue gets its 100 at once, or the refusal of a body that is too large, which is never sent', async (t) => {
  const { raw } = await startServer(t, { bodyLimitBytes: 65_536 })
  const head = (length: number) => `POST /v1/sip HTTP/1.1\r\nHost: x\r\nContent-Type: message/sip\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`
  const willing = await raw()
  willing.write(head(invite.length))
  await willing.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)
  willing.write(invite)
  await willing.until(/HTTP\/1\.1 200[\s\S]*rewritten$/)
  const tooLarge = await raw()
  tooLarge.write(head(70_000))
  await tooLarge.until(/^HTTP\/1\.1 413[\s\S]*http\.bodyLimitBytes/)
})

const strange: [string, string, RegExp][] = [
  ['two lengths', 'POST /v1/sip HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello', /^HTTP\/1\.1 400[\s\S]*no HTTP request/],
  ['a length and chunks', 'POST /v1/sip HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', /^HTTP\/1\.1 400/],
  ['headers without end', `POST /v1/sip HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}`, /^HTTP\/1\.1 431[\s\S]*16384 bytes/],
  ['another expectation', 'POST /v1/sip HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nContent-Length: 0\r\n\r\n', /^HTTP\/1\.1 417/],
  ['no Host', 'POST /v1/sip HTTP/1.1\r\nContent-Length: 0\r\n\r\n', /^HTTP\/1\.1 400/],
]
for (const [name, bytes, answer] of strange) {
  test(`a request with ${name} is refused, and the next connection is served`, async (t) => {
    const { raw, post } = await startServer(t)
    const connection = await raw()
    connection.write(bytes)
    await connection.until(answer)
    assert.equal((await post('/v1/sip', invite, { 'content-type': 'message/sip' })).status, 200)
  })
}

test('a client that sends its request too slowly loses its connection with 408', async (t) => {
  const { raw } = await startServer(t)
  const connection = await raw()
  connection.write('POST /v1/sip HTTP/1.1\r\nHost: x\r\n')
  await connection.until(/^HTTP\/1\.1 408[\s\S]*in time/, 15_000)
})

test('close lets a request in flight finish', async (t) => {
  let open: (value: undefined) => void = () => undefined
  const gate = new Promise<undefined>((resolve) => { open = resolve })
  const { post, server, asked } = await startServer(t, { gate })
  const inFlight = post('/v1/sip', invite, { 'content-type': 'message/sip' })
  while (asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  const closing = server.close()
  open(undefined)
  assert.equal((await inFlight).status, 200)
  await closing
  await assert.rejects(post('/v1/sip', invite, { 'content-type': 'message/sip' }))
})

interface Given extends Partial<HttpOptions> {
  error?: Error
  outcome?: object
  isReady?: boolean
  gate?: Promise<undefined>
}

const node = {
  id: 'n1', address: '127.0.0.1:2223', state: 'up', reason: 'it answers', since: 1, sets: ['default'], priority: 0, weight: 1,
  isBusy: false, isDrained: false, calls: 3, freePorts: undefined, roundTripMs: 0.5, inFlight: 0,
}

const nodes = {
  nodes: () => [node],
  async want (id: string) {
    if (id !== 'n1') throw new NgpilotError('not_found', `there is no node ${id}; there are n1`)
    await Promise.resolve()
  },
}

/** The real HTTP ingress on a real socket; behind it verbs that say what they were asked. */
async function startServer (t: TestContext, { error, outcome, isReady = true, gate, ...options }: Given = {}) {
  const asked: MediaRequest[] = []
  const lines: Record<string, unknown>[] = []
  const results: string[] = []
  const verb = async (request: MediaRequest) => {
    asked.push(request)
    await gate
    if (error) throw error
    return outcome ?? { command: 'offer', sdp: Buffer.from('rewritten'), node: 'n1', sender: 'browser', receiver: 'phone', revision: 'r1' }
  }
  const log = { info: (line: object) => lines.push({ ...line }), warn: (line: object) => lines.push({ ...line }) }
  const server = await startHttp({
    host: '127.0.0.1', port: 0, bodyLimitBytes: 131_072, deadlineMs: 400, version: '0.0.0', log,
    observer: { answered: (_ingress, _command, result) => results.push(result) },
    ...options,
  }, {
    admission: startAdmission(t, 400),
    calls: { manage: verb, offer: verb, answer: verb, deleteCall: verb } as unknown as Calls,
    fleet: nodes,
    timedOut: () => true,
    diagnosis: { explain: () => Promise.reject(new NgpilotError('call_unknown', 'no history of it')) },
    policy: {
      status: () => ({ revision: 'r', since: '', directory: '', isFallback: false, isPromoted: false, warnings: [] }),
      reload: () => Promise.resolve(), promote: () => Promise.resolve(), rollBack: () => Promise.resolve(),
      setCanary: () => undefined, explainDecisions: () => [],
    },
    readiness: () => Promise.resolve({ isReady, isDegraded: false, checks: { store: { isReady, detail: 'gone' } } }),
    metrics: () => Promise.resolve({ page: '', contentType: 'text/plain' }),
  })
  t.after(() => server.close())
  const post = (path: string, body: string | Buffer, headers: Record<string, string>) =>
    fetch(`${server.url}${path}`, { method: 'POST', headers, body: Buffer.from(body) })
  const raw = () => openRaw(t, server.url)
  return { server, url: server.url, post, raw, asked, lines, results }
}

/** A bare connection, for what no HTTP client sends. */
async function openRaw (t: TestContext, url: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  t.after(() => socket.destroy())
  let received = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => { received += chunk })
  socket.on('error', () => undefined)
  return {
    write: (bytes: string) => socket.write(bytes),
    received: () => received,
    async until (pattern: RegExp, withinMs = 5000) {
      const deadline = performance.now() + withinMs
      while (!pattern.test(received)) {
        if (performance.now() > deadline) throw new Error(`waited for ${String(pattern)}; there came ${received || 'nothing'}`)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
  }
}

async function problem (reply: Response) {
  return await reply.json() as { detail: string }
}

function sipMessage (start: string, body: string, type = 'application/sdp'): string {
  return [start, 'Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1', 'From: <sip:a@example.com>;tag=f1', 'To: <sip:b@example.com>',
    'Call-ID: c1@example.com', 'CSeq: 1 INVITE', `Content-Type: ${type}`, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n')
}
