const xml = (steps: string) => `<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario>${steps}</scenario>`

const sdp = `v=0
    o=- 1 1 IN IP4 127.0.0.1
    s=-
    c=IN IP4 127.0.0.1
    t=0 0
    m=audio 40000 RTP/AVP 0 101
    a=rtpmap:101 telephone-event/8000`

/** A call of one second: INVITE, ACK, BYE. */
export const caller = xml(`
  <send retrans="500"><![CDATA[
    INVITE sip:[service]@[domain] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:caller@[domain]>;tag=[call_number]
    To: <sip:[service]@[domain]>
    Call-ID: [call_id]
    CSeq: 1 INVITE
    Contact: <sip:caller@[local_ip]:[local_port]>
    Max-Forwards: 70
    Content-Type: application/sdp
    Content-Length: [len]

    ${sdp}
  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="200" rrs="true" timeout="5000"/>
  <send><![CDATA[
    ACK [next_url] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    [routes]
    From: <sip:caller@[domain]>;tag=[call_number]
    To: <sip:[service]@[domain]>[peer_tag_param]
    Call-ID: [call_id]
    CSeq: 1 ACK
    Max-Forwards: 70
    Content-Length: 0
  ]]></send>
  <pause milliseconds="1000"/>
  <send retrans="500"><![CDATA[
    BYE [next_url] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    [routes]
    From: <sip:caller@[domain]>;tag=[call_number]
    To: <sip:[service]@[domain]>[peer_tag_param]
    Call-ID: [call_id]
    CSeq: 2 BYE
    Max-Forwards: 70
    Content-Length: 0
  ]]></send>
  <recv response="200" timeout="5000"/>`)

/** Answers each call at once, and its BYE. */
export const callee = xml(`
  <recv request="INVITE" rrs="true"/>
  <send retrans="500"><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_Record-Route:]
    [last_From:]
    [last_To:];tag=callee[call_number]
    [last_Call-ID:]
    [last_CSeq:]
    Contact: <sip:callee@[local_ip]:[local_port]>
    Content-Type: application/sdp
    Content-Length: [len]

    ${sdp}
  ]]></send>
  <recv request="ACK" timeout="8000"/>
  <recv request="BYE" timeout="8000"/>
  <send><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:]
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0
  ]]></send>`)

/** The same calls with Kamailio's rtpengine module, its parameters left as they are. */
export function ownModule (sockets: string, calleePort: number): string {
  return `#!KAMAILIO
#!trydefenv SIP_ADDRESS
#!trydefenv SIP_PORT
debug=1
log_stderror=yes
children=4
listen=udp:SIP_ADDRESS:SIP_PORT
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "rtpengine.so"
modparam("rtpengine", "rtpengine_sock", "${sockets}")
request_route {
  if (is_method("OPTIONS")) {
    sl_send_reply("200", "OK");
    exit;
  }
  if (has_totag()) {
    loose_route();
    if (is_method("BYE")) rtpengine_delete();
    t_relay();
    exit;
  }
  record_route();
  if (is_method("INVITE")) {
    if (!rtpengine_offer("RTP/AVP ICE=remove replace-origin")) {
      sl_send_reply("503", "Media");
      exit;
    }
    t_on_reply("ANSWER");
  }
  $du = "sip:127.0.0.1:${calleePort}";
  t_relay();
}
onreply_route[ANSWER] {
  if (has_body("application/sdp")) rtpengine_answer("RTP/AVP ICE=remove replace-origin");
}
`
}
