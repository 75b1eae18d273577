import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startNg } from '../../../src/ingress/ng/ng.ts'
import type { StackContext } from '../../../stack/context.ts'
import { outline, sdpFile, startCalls } from '../../support/calls.ts'
import { startNgCaller } from '../../support/ng-caller.ts'

const phoneSdp = sdpFile('answer-plain-pcmu')
const kamailio = { supports: ['load limit'], 'received-from': ['IP4', '127.0.0.1'] }

/** The ingress on the calls of the shipped policy, with a real rtpengine, and a client. */
async function startIngress (t: StackContext, given: { host?: string } = {}) {
  const { host = '127.0.0.1' } = given
  const site = await startCalls(t)
  const told: string[] = []
  const ingress = await startNg({
    listen: [{ transport: 'udp', host, port: 0 }], allow: [], calls: site.calls, deadlineMs: 2000,
    observer: {
      answered: (_, command, result) => { told.push(`${command} ${result}`) },
      repeated: () => { told.push('repeated') },
      ignored: (reason) => { told.push(`ignored: ${reason}`) },
    },
    log: { info: () => undefined, warn: () => undefined },
  })
  t.after(() => ingress.close())
  const port = Number(ingress.urls[0]?.split(':').at(-1))
  return { ...site, told, ingress, port, caller: await startNgCaller(t, { host, port }) }
}

test('a call by NG has its SDP rewritten as the policy says, is answered and deleted with its counters', async (t) => {
  const { caller, emptied } = await startIngress(t)
  const ids = { 'call-id': 'c1', 'from-tag': 'f1' }
  const offered = await caller.ask({
    ...ids, ...kamailio, sdp: sdpFile('chromium-audio-gathered-loopback'), proto: 'wss', command: 'offer',
  })
  assert.equal(offered.result, 'ok')
  assert.deepEqual(outline(offered.sdp as Buffer).media, ['m=audio PORT RTP/AVP 0 8 126'])
  const answered = await caller.ask({ ...ids, ...kamailio, 'to-tag': 't1', sdp: phoneSdp, command: 'answer' })
  assert.match(outline(answered.sdp as Buffer).media[0] ?? '', /^m=audio PORT UDP\/TLS\/RTP\/SAVPF/)
  const deleted = await caller.ask({ ...ids, command: 'delete' })
  assert.equal(deleted.result, 'ok')
  assert.ok(deleted.totals, 'without the counters that Kamailio reads')
  await emptied()
})

test('a ping is answered at once over IPv6 too', async (t) => {
  const { caller } = await startIngress(t, { host: '::1' })
  assert.deepEqual(await caller.ask({ command: 'ping' }), { result: 'pong' })
})
