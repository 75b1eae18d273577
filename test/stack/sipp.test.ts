import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startSipp } from '../../stack/sipp.ts'

const scenario = (steps: string) => `<?xml version="1.0" encoding="ISO-8859-1" ?><scenario>${steps}</scenario>`

const answering = scenario(`
  <recv request="OPTIONS"/>
  <send><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:];tag=1
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0
  ]]></send>`)

const asking = scenario(`
  <send retrans="500"><![CDATA[
    OPTIONS sip:[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:a@[local_ip]>;tag=[call_number]
    To: <sip:b@[remote_ip]>
    Call-ID: [call_id]
    CSeq: 1 OPTIONS
    Max-Forwards: 70
    Content-Length: 0
  ]]></send>
  <recv response="200"/>`)

test('two SIPp talk to each other, and show their messages', async (t) => {
  const callee = await startSipp(t, { scenario: answering, calls: 3 })
  const caller = await startSipp(t, { scenario: asking, target: `127.0.0.1:${callee.port}`, calls: 3 })
  await caller.success()
  await callee.success()
  assert.equal((await caller.messages()).match(/^SIP\/2.0 200 OK/gm)?.length, 3)
})

test('a call that does not go as the scenario says fails with SIPp\'s words', async (t) => {
  const callee = await startSipp(t, { scenario: answering.replace('200 OK', '404 Not Found') })
  const caller = await startSipp(t, { scenario: asking, target: `127.0.0.1:${callee.port}` })
  await assert.rejects(caller.success(), /sipp ended with 1: .*unexpected.*404/is)
})
