import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { test } from 'node:test'
import type { Report } from '../../../src/analyze/report.ts'
import { startNgpilot } from '../../../stack/ngpilot.ts'
import { startRtpengine } from '../../../stack/rtpengine.ts'
import { formats, pcapOf, troubles } from '../../analyze/traces.ts'
import { sharedContext } from '../../support/shared.ts'

const shared = sharedContext()
const rtpengine = await startRtpengine(shared)
const ngpilot = await startNgpilot(shared, {
  env: { NGPILOT_RTPENGINE_NODES: `n1=127.0.0.1:${rtpengine.port}`, NGPILOT_POLICY_DIRECTORY: 'policy' },
})

async function ask (body: Buffer | string, type: string, query = '') {
  const reply = await fetch(`http://127.0.0.1:${ngpilot.port}/v1/analyze${query}`, { method: 'POST', body: new Uint8Array(Buffer.from(body)), headers: { 'content-type': type } })
  return { status: reply.status, body: await reply.json() as Report & { code?: string, detail?: string } }
}

/** What a body of that size gets, which the server need not wait for. */
async function statusFor (size: number): Promise<number | undefined> {
  const asked = request({ port: ngpilot.port, path: '/v1/analyze', method: 'POST', headers: { 'content-type': 'text/plain', 'content-length': size } })
  asked.on('error', () => undefined)
  asked.flushHeaders()
  const [reply] = await once(asked, 'response') as [IncomingMessage]
  asked.destroy()
  return reply.statusCode
}

test('a capture, a log or an SDP is answered with a report', async () => {
  const { trace } = troubles['audio stops after 30 seconds']
  for (const [body, type] of [[pcapOf(trace), 'application/vnd.tcpdump.pcap'], [formats['sngrep']?.(trace) ?? '', 'text/plain']] as const) {
    const { status, body: report } = await ask(body, type)
    assert.deepEqual([status, report.messages, report.calls[0]?.findings[0]?.id], [200, trace.length, 'SIG-01'])
  }
  const sdp = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=mid:0\r\n'
  const { body: report } = await ask(sdp, 'application/sdp', '?leg=sdes')
  assert.deepEqual(report.sdps?.findings.map(({ id }) => id), ['SIP-04', 'SIP-07'])
})

test('what cannot be read is refused in words', async () => {
  assert.deepEqual((await ask('no SIP here', 'text/plain')).body.code, 'bad_request')
  assert.match((await ask('v=0', 'text/plain', '?leg=browser')).body.detail ?? '', /"browser" is no kind of leg/)
  assert.equal(await statusFor(4 * 1024 * 1024 + 1), 413)
  assert.equal((await ask('{}', 'application/json')).status, 415)
})

/** Asks for an analysis, and meanwhile again and again whether ngpilot lives. */
async function answering (progress: { isDone: boolean, answered: number }, body: string) {
  const analysis = ask(body, 'text/plain').finally(() => { progress.isDone = true })
  while (!progress.isDone) {
    assert.equal((await fetch(`http://127.0.0.1:${ngpilot.port}/healthz`)).status, 200)
    progress.answered++
  }
  return analysis
}

/** Where a reader that takes the square of the time of a line, or of a table without an end, would show. */
const hostile = {
  'a line of many beginnings': `INVITE sip:a@b SIP/2.0\n${'SIP/2.0 200 '.repeat(300_000)}`,
  'a quote that never closes': `id,msg,fromip\n1,"${'INVITE sip:a@b SIP/2.0\n'.repeat(150_000)}`,
  'one message of many headers': `INVITE sip:a@b SIP/2.0\n${'Via: x\n'.repeat(500_000)}`,
}
for (const [name, body] of Object.entries(hostile)) {
  test(`others are answered while a hostile trace is looked at: ${name}`, async () => {
    const progress = { isDone: false, answered: 0 }
    assert.ok([200, 400, 413].includes((await answering(progress, body)).status))
    assert.ok(progress.answered > 3)
  })
}

test('while a big trace is looked at, others are answered', async () => {
  const big = Array.from({ length: 180 }, (_, index) =>
    (formats['sngrep']?.(troubles['choppy audio'].trace) ?? '').replaceAll('call-1@', `call-${index}@`)
      .replace(/^o=- \d+/gm, `o=- 70000${index}`).replaceAll('bob@example', `bob${index}@example`)).join('')
  const progress = { isDone: false, answered: 0 }
  const { body: report } = await answering(progress, big)
  assert.equal(report.calls.length, 180, report.detail)
  assert.ok(progress.answered > 3, `${progress.answered} answers meanwhile`)
})
