/**
 * A proxy of the kind that people have, with Kamailio's own rtpengine module, its parameters left as they are: one `manage`
 * for requests and replies, as in the kamailio.cfg that comes with Kamailio, or offers, answers and deletes one by one.
 *
 * @param sockets all that changes when ngpilot takes rtpengine's place
 */
export function proxyWith (
  sockets: string, calleePort: number, { request, reply }: { request: string, reply: string },
): string {
  return `#!KAMAILIO
#!trydefenv SIP_ADDRESS
#!trydefenv SIP_PORT
debug=2
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
    if (!${request}) {
      sl_send_reply("503", "Media");
      exit;
    }
    t_on_reply("MEDIA");
  }
  $du = "sip:127.0.0.1:${calleePort}";
  t_relay();
}
onreply_route[MEDIA] {
  if (has_body("application/sdp")) ${reply};
}
`
}

/** Flags as they stand in configurations in the field; the first is Kamailio's own kamailio.cfg of 5.6, 6.0 and 6.1. */
export const inTheField: { name: string, request: string, reply: string, protocol: string }[] = [
  {
    name: 'kamailio.cfg of the distribution',
    request: 'rtpengine_manage("SIP-source-address replace-origin replace-session-connection")',
    reply: 'rtpengine_manage("replace-origin replace-session-connection")',
    protocol: 'RTP/AVP 0 101',
  },
  { name: 'manage without a word', request: 'rtpengine_manage()', reply: 'rtpengine_manage("")', protocol: 'RTP/AVP 0 101' },
  {
    name: 'a WebSocket gateway, towards a browser',
    request: 'rtpengine_offer("trust-address replace-origin replace-session-connection ICE=force RTP/SAVPF")',
    reply: 'rtpengine_answer("trust-address replace-origin replace-session-connection rtcp-mux-demux ICE=remove RTP/AVP")',
    protocol: 'RTP/SAVPF 0 101',
  },
  {
    name: 'between two interfaces, transcoding',
    request: 'rtpengine_offer("internal external trust-address transcode-PCMA DTLS=off SDES-off")',
    reply: 'rtpengine_answer("external internal trust-address")',
    protocol: 'RTP/AVP 0',
  },
  {
    name: 'flags for the daemon to read, from Kamailio 6.0 on',
    request: 'rtpengine_offer("replace-origin ICE=force generate-mid", "none")',
    reply: 'rtpengine_answer("replace-origin ICE=remove", "none")',
    protocol: 'RTP/AVP 0 101',
  },
]
