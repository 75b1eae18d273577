import { test } from 'node:test'
import { startKamailio } from '../stack/kamailio.ts'
import { startNgpilot } from '../stack/ngpilot.ts'
import { startRtpengine } from '../stack/rtpengine.ts'
import { startSipp } from '../stack/sipp.ts'
import { setTimeout as sleep } from 'node:timers/promises'
const body = (ip: string) => `Content-Type: application/sdp
      Content-Length: [len]

      v=0
      o=u 1 1 IN IP4 [local_ip]
      s=-
      c=IN IP4 [media_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 0
      a=rtpmap:0 PCMU/8000
`
const uac = `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="uac">
  <send retrans="500"><![CDATA[
      INVITE sip:+49301234@example.test SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
      From: <sip:load@example.test>;tag=[call_number]x[pid]
      To: <sip:+49301234@example.test>
      Call-ID: [call_id]
      CSeq: 1 INVITE
      Contact: <sip:load@[local_ip]:[local_port]>
      Max-Forwards: 70
      ${body('')}
  ]]></send>
  <recv response="100" optional="true"/><recv response="180" optional="true"/><recv response="183" optional="true"/>
  <recv response="200" rtd="true" rrs="true"/>
  <send><![CDATA[
      ACK [next_url] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
      [routes]
      From: <sip:load@example.test>;tag=[call_number]x[pid]
      To: <sip:+49301234@example.test>[peer_tag_param]
      Call-ID: [call_id]
      CSeq: 1 ACK
      Max-Forwards: 70
      Content-Length: 0
  ]]></send>
  <pause milliseconds="300"/>
  <send retrans="500"><![CDATA[
      BYE [next_url] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
      [routes]
      From: <sip:load@example.test>;tag=[call_number]x[pid]
      To: <sip:+49301234@example.test>[peer_tag_param]
      Call-ID: [call_id]
      CSeq: 2 BYE
      Max-Forwards: 70
      Content-Length: 0
  ]]></send>
  <recv response="200"/>
</scenario>`
const uas = `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="uas">
  <recv request="INVITE" rrs="true"/>
  <send><![CDATA[
      SIP/2.0 180 Ringing
      [last_Via:]
      [last_Record-Route:]
      [last_From:]
      [last_To:];tag=[call_number]s[pid]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:[local_ip]:[local_port];transport=[transport]>
      Content-Length: 0
  ]]></send>
  <send retrans="500"><![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_Record-Route:]
      [last_From:]
      [last_To:];tag=[call_number]s[pid]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:[local_ip]:[local_port];transport=[transport]>
      ${body('')}
  ]]></send>
  <recv request="ACK"/>
  <recv request="BYE"/>
  <send><![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:[local_ip]:[local_port];transport=[transport]>
      Content-Length: 0
  ]]></send>
</scenario>`
test('x', async (t) => {
  const rtpengine = await startRtpengine(t, { rtpPorts: { min: 40000, max: 60000 } })
  const ngpilot = await startNgpilot(t, { env: { NGPILOT_RTPENGINE_NODES: `n1=${rtpengine.address}:${rtpengine.port}`, NGPILOT_POLICY_DIRECTORY: 'policy', NGPILOT_LOG_LEVEL: 'warn' } })
  const N = Number(process.env.N ?? 500), R = process.env.R ?? '50'
  const callee = await startSipp(t, { scenario: uas, calls: N })
  const kamailio = await startKamailio(t, { settings: { NGPILOT_URL: ngpilot.url, TRUNK_URI: `sip:127.0.0.1:${callee.port}` } })
  const caller = await startSipp(t, { scenario: uac, target: `127.0.0.1:${kamailio.sipPort}`, calls: N, args: ['-r', R, '-l', '2000'] })
  const t0 = performance.now()
  await caller.success().catch((e) => console.log(String(e).slice(0, 1500)))
  console.log('took', performance.now() - t0)
  await sleep(500)
  const metrics = await (await fetch(ngpilot.url + '/metrics')).text()
  console.log(metrics.split('\n').filter((l) => /^ngpilot_calls|^ngpilot_requests|uncaught/.test(l)).join('\n'))
  console.log(kamailio.logs().split('\n').filter((l: string) => !/INFO/.test(l)).slice(0, 30).join('\n'))
  console.log(caller.logs().split('\n').slice(-45).join('\n'))
})
