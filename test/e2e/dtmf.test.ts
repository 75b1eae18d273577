import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../stack/ports.ts'
import { startSipPhone } from '../support/sip-phone.ts'
import { startSite } from '../support/site.ts'

for (const way of ['UDP', 'TCP'] as const) {
  test(`a key that a phone presses: rtpengine tells of it by ${way}, ngpilot tells Kamailio and the webhook`, async (t) => {
    const port = await freePort()
    const posted: Record<string, unknown>[] = []
    const hook = createServer((request, response) => {
      void request.toArray().then((chunks: Buffer[]) => {
        posted.push(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>)
        response.end()
      })
    }).listen(0, '127.0.0.1')
    await once(hook, 'listening')
    t.after(() => hook.close())
    const site = await startSite(t, {
      way: 'evapi',
      rtpengineArgs: way === 'UDP' ? [`--dtmf-log-dest=127.0.0.1:${port}`] : [`--listen-tcp-ng=127.0.0.1:${port}`, '--dtmf-log-ng-tcp'],
      env: {
        [way === 'UDP' ? 'NGPILOT_DTMF_LISTEN' : 'NGPILOT_DTMF_RTPENGINES']: `127.0.0.1:${port}`,
        NGPILOT_WEBHOOK_URL: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`,
      },
    })
    const caller = await startSipPhone(t, site.kamailio, { user: 'caller', plays: 440 })
    const callee = await startSipPhone(t, site.kamailio)
    await caller.dial(callee.uri)
    await callee.hears(440)
    await caller.sendDtmf('7')
    await callee.waitFor('CALL_DTMF_START', '7')

    const until = async (isSo: () => boolean) => {
      for (let tries = 0; !isSo(); tries++) {
        assert.ok(tries < 200, `not told of: ${JSON.stringify(posted)}\n${site.ngpilot.logs()}\n${site.kamailio.logs()}`)
        await sleep(50)
      }
    }
    await until(() => posted.some(({ event }) => event === 'dtmf'))
    const told = posted.find(({ event }) => event === 'dtmf') ?? {}
    assert.deepEqual([told.digit, told.node], ['7', 'n1'])
    assert.ok((told.tags as string[]).includes(told.tag as string))
    await until(() => site.kamailio.logs().includes(`a key was pressed in the call ${String(told.callId)} by ${String(told.tag)}`))
    assert.ok((await site.metric('ngpilot_dtmf_events_total{result="ok"}') ?? 0) >= 1)
    assert.doesNotMatch(site.ngpilot.logs(), /"digit":"7"/, 'digits stay out of the log')
    await caller.hangup()
    await site.isEmpty()
  })
}
