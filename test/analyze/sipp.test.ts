import assert from 'node:assert/strict'
import { test } from 'node:test'
import { analyze } from '../../src/analyze/analyze.ts'
import { reportOf } from '../../src/analyze/report.ts'
import { startSipp } from '../../stack/sipp.ts'
import { chunked } from './traces.ts'

const scenario = (steps: string) => `<?xml version="1.0" encoding="ISO-8859-1" ?><scenario>${steps}</scenario>`

const reply = (status: string, more = '') => `
  <send><![CDATA[
    SIP/2.0 ${status}
    [last_Via:]
    [last_From:]
    [last_To:];tag=callee
    [last_Call-ID:]
    [last_CSeq:]
    Contact: <sip:[local_ip]:[local_port]>
    ${more}Content-Length: 0

  ]]></send>`

const ask = (method: string, sdp = '') => `
    ${method} sip:bob@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:alice@[local_ip]>;tag=caller
    To: <sip:bob@[remote_ip]>${method === 'INVITE' ? '' : ';tag=callee'}
    Call-ID: [call_id]
    CSeq: 1 ${method}
    Contact: <sip:[local_ip]:[local_port]>
    Max-Forwards: 70
    ${sdp === '' ? 'Content-Length: 0\n' : `Content-Type: application/sdp\n    Content-Length: [len]\n\n${sdp}`}
`

/** The guides' flags taken literally: the profile of a browser, and neither fingerprint nor key. */
const sdp = `    v=0
    o=- 5293773133382849873 2 IN IP4 127.0.0.1
    s=-
    c=IN IP4 127.0.0.1
    t=0 0
    m=audio 31000 UDP/TLS/RTP/SAVPF 0
    a=rtpmap:0 PCMU/8000
    a=rtcp:31001`

test('a call between two SIPp that ends with 488, from the log that SIPp writes', async (t) => {
  const refusal = reply('488 Not Acceptable Here', 'Warning: 304 127.0.0.1 "Incompatible media format"\n    ')
  const callee = await startSipp(t, { scenario: scenario(`<recv request="INVITE"/>${refusal}<recv request="ACK"/>`) })
  const caller = await startSipp(t, {
    target: `127.0.0.1:${callee.port}`,
    scenario: scenario(`<send retrans="500"><![CDATA[${ask('INVITE', sdp)}]]></send><recv response="488"/>
      <send><![CDATA[${ask('ACK')}]]></send>`),
  })
  await caller.success()
  await callee.success()
  const log = chunked(await callee.messages())
  const { calls: [call], messages } = reportOf(await analyze(log, { hints: { byAddress: new Map() } }))
  assert.equal(messages, 3)
  assert.equal(call?.findings[0]?.id, 'SIG-02')
  assert.match(call.findings[0].detail ?? '', /^likely because of .*SIP-04/)
  assert.deepEqual(call.findings[0].evidence[1], { field: 'Warning', value: '304 127.0.0.1 "Incompatible media format"' })
})

test('a 200 that gets no ACK, from the log of SIPp that repeats it', async (t) => {
  const repeated = `<recv request="INVITE"/>${reply('200 OK').replace('<send>', '<send retrans="100">')}
    <recv request="ACK" timeout="2500" ontimeout="over"/><label id="over"/>`
  const callee = await startSipp(t, { scenario: scenario(repeated) })
  const caller = await startSipp(t, {
    target: `127.0.0.1:${callee.port}`,
    scenario: scenario(`<send retrans="500"><![CDATA[${ask('INVITE', sdp)}]]></send><recv response="200"/><pause milliseconds="3000"/>`),
  })
  await Promise.allSettled([callee.success(), caller.success()])
  const { calls: [call] } = reportOf(await analyze(chunked(await callee.messages()), { hints: { byAddress: new Map() } }))
  assert.ok(call?.findings.some(({ id }) => id === 'SIG-01'), JSON.stringify(call?.findings.map(({ id }) => id)))
})
